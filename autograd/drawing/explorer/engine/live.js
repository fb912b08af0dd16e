// The network as somebody changes it: leaves get other numbers, the graph runs, views are told.

import { History } from "engine/history";

const AT_ONCE = 4_000_000; // multiplications; larger graphs run beside the page

export class Live {
  #listeners = [];
  #running = null;

  /** `beside(graph)` makes a runner for large graphs: run(data) -> Promise of {data, adjoint}. */
  constructor(graph, beside = null) {
    Object.assign(this, { graph, beside, version: 0, held: false });
    this.frozen = graph.header.frozen ?? "";
    this.changes = new Map(); // leaf -> its number, where that is not Python's
    this.history = new History();
    this.large = !this.frozen && graph.numbers.cost > AT_ONCE;
    if (!this.frozen && !this.large) this.#compare();
  }

  /** Run the graph as it came, and hold its numbers against Python's. */
  #compare() {
    const { numbers, original, originalAdjoint, size } = this.graph;
    numbers.run();
    this.base = numbers.data.slice();
    for (let n = 0; n < size && !this.frozen; n++)
      if (!this.#agrees(n)) this.frozen = differing(n, this.base[n], original[n]);
    if (!this.frozen) return;
    numbers.data.set(original);
    numbers.adjoint.set(originalAdjoint);
  }

  /** Whether a node is Python's but for rounding, of itself or of what it was made of. */
  #agrees(n) {
    const { graph, base } = this;
    const [x, y] = [base[n], graph.original[n]];
    if (Object.is(x, y) || x === y) return true;
    const most = graph.original instanceof Float64Array ? 1e-9 : 1e-3;
    const error = Math.abs(x - y);
    if (error <= most * Math.max(Math.abs(x), Math.abs(y))) return true;
    let terms = 0;
    for (let slot = graph.firstSlot[n]; slot < graph.firstSlot[n + 1]; slot++)
      graph.entriesOf(graph.operands[slot]).forEach((v, k) => {
        terms += Math.abs((graph.partial(slot, k) ?? 0) * base[v]);
      });
    return error <= most * terms;
  }

  onRun(listener) {
    this.#listeners.push(listener);
  }

  /** Whether a node's number may be changed by hand. */
  canChange(n) {
    return !this.frozen && this.graph.isLeaf(n);
  }

  /** Whether a node's number is another than Python's. */
  isChanged(n) {
    return this.changes.size > 0 && !Object.is(this.graph.data[n], this.base[n]);
  }

  /** Change one leaf. */
  set(node, x, words) {
    return this.setMany([[node, x]], words);
  }

  /** Change leaves [[node, number], ...]; `words` say so in the history. */
  setMany(pairs, words = "") {
    if (this.frozen) return Promise.resolve();
    const { data } = this.graph;
    const changed = pairs.filter(([n, x]) => this.canChange(n) && !Object.is(data[n], x));
    if (!changed.length) return Promise.resolve();
    this.history.add(
      changed.map(([n, x]) => [n, data[n], x]),
      words,
    );
    return this.#put(changed);
  }

  /** Take what happens until release() as one step of the history. */
  hold() {
    this.history.hold();
  }

  release() {
    this.history.release();
    this.#tell({ numbers: false });
  }

  undo() {
    return this.#put(this.history.undo());
  }

  redo() {
    return this.#put(this.history.redo());
  }

  /** As Python had it; this too can be undone. */
  reset(words = "as it was") {
    const { original } = this.graph;
    return this.setMany(
      [...this.changes.keys()].map((n) => [n, original[n]]),
      words,
    );
  }

  /** Numbers that a link asked for, without a step in the history: all others are Python's. */
  restore(changes) {
    const { original } = this.graph;
    const wanted = new Map([...this.changes.keys()].map((n) => [n, original[n]]));
    for (const [n, x] of changes) if (this.canChange(n)) wanted.set(n, x);
    return this.#put([...wanted].filter(([n, x]) => !Object.is(this.graph.data[n], x)));
  }

  #put(pairs) {
    if (!pairs.length || this.frozen) return Promise.resolve();
    const { original, data } = this.graph;
    for (const [n, x] of pairs) {
      data[n] = x;
      if (Object.is(x, original[n])) this.changes.delete(n);
      else this.changes.set(n, x);
    }
    return this.run();
  }

  /** Forward and reverse with the leaves as they are; then views are told. */
  run() {
    if (this.large) return this.#runBeside();
    this.graph.numbers.run();
    this.#done();
    return Promise.resolve();
  }

  /** Runs that are asked for while one is under way are one. */
  async #runBeside() {
    this.again = true;
    this.#running ??= (async () => {
      const { numbers } = this.graph;
      this.runner ??= this.beside(this.graph);
      this.base ??= (await this.runner.run([])).data;
      while (this.again) {
        this.again = false;
        const { data, adjoint } = await this.runner.run([...this.changes]);
        numbers.data.set(data);
        numbers.adjoint.set(adjoint);
        for (const [n, x] of this.changes) numbers.data[n] = x; // those that came meanwhile
        this.#done();
      }
      this.#running = null;
    })();
    return this.#running;
  }

  #done() {
    this.version++;
    this.#tell({ numbers: true });
  }

  #tell(changes) {
    for (const listener of this.#listeners) listener(changes);
  }
}

const differing = (n, here, there) => `run here, node ${n} is ${here}, and Python had ${there}`;
