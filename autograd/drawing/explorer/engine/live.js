// The network as somebody changes it: leaves get other numbers, the graph runs, views are told.

import { History } from "engine/history";

export const SAMPLE = -1; // stands for the sample that is shown, as a leaf among the changes
const AT_ONCE = 4_000_000; // multiplications; larger graphs run beside the page

export class Live {
  #listeners = [];
  #running = null;

  /**
   * `beside(graph)` makes a runner for large graphs: run(data) -> Promise of {data, adjoint};
   * `samples` are other inputs, if there are any.
   */
  constructor(graph, beside = null, samples = null) {
    Object.assign(this, { graph, beside, samples, version: 0 });
    this.sample = samples?.index ?? null;
    this.frozen = graph.header.frozen ?? "";
    this.changes = new Map(); // leaf -> its number, where that is not Python's
    this.begun = []; // [leaf, number] of another sample than Python's
    this.history = new History();
    this.large = !this.frozen && graph.numbers.cost > AT_ONCE;
    if (!this.frozen && !this.large) this.#compare();
  }

  /** Run the graph as it came, and hold its numbers against Python's. */
  #compare() {
    const { numbers, original, size } = this.graph;
    numbers.run();
    this.base = numbers.data.slice();
    for (let n = 0; n < size && !this.frozen; n++)
      if (!this.#agrees(n)) this.frozen = differing(n, this.base[n], original[n]);
    this.#asItCame();
  }

  /** Python's own numbers, to the last digit. */
  #asItCame() {
    const { numbers, original, originalAdjoint } = this.graph;
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

  /** Show another sample; what was changed in the one before is changed no more. */
  choose(k, words) {
    if (this.frozen || k === this.sample) return Promise.resolve();
    const changed = [[SAMPLE, this.sample, k]];
    this.samples.each(k, (n, x) => {
      if (this.changes.has(n)) changed.push([n, this.changes.get(n), x]);
    });
    this.history.add(changed, words);
    return this.#put(changed.map(([n, , x]) => [n, x]));
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
    const k = new Map(changes).get(SAMPLE) ?? this.samples?.index ?? null;
    const moved = k !== this.sample;
    if (moved) this.#begin(k);
    const { original, data } = this.graph;
    const wanted = new Map([...this.changes.keys()].map((n) => [n, original[n]]));
    for (const [n, x] of changes) if (this.canChange(n)) wanted.set(n, x);
    const changed = [...wanted].filter(([n, x]) => !Object.is(data[n], x));
    return changed.length || !moved ? this.#put(changed) : this.run();
  }

  #put(pairs) {
    if (!pairs.length || this.frozen) return Promise.resolve();
    const { original, data } = this.graph;
    for (const [n, x] of pairs) if (n === SAMPLE) this.#begin(x);
    for (const [n, x] of pairs) {
      if (n === SAMPLE) continue;
      data[n] = x;
      if (Object.is(x, original[n])) this.changes.delete(n);
      else this.changes.set(n, x);
    }
    return this.run();
  }

  /** Put a sample where the graph was as it came: from here on, changed is what is not the sample's. */
  #begin(k) {
    const { original, data, numbers } = this.graph;
    this.sample = k;
    this.begun = [];
    this.samples.each(k, (n, x) => {
      original[n] = data[n] = x;
      this.begun.push([n, x]);
      this.changes.delete(n);
    });
    this.base = null;
    if (this.large) return;
    this.reference ??= numbers.twin();
    this.reference.data.set(original);
    this.reference.forward();
    this.base = this.reference.data.slice();
  }

  /** Forward and reverse with the leaves as they are; then views are told. */
  run() {
    if (this.large) return this.#runBeside();
    this.graph.numbers.run();
    if (!this.changes.size && !this.begun.length) this.#asItCame();
    this.#done();
    return Promise.resolve();
  }

  /** Runs that are asked for while one is under way are one. */
  async #runBeside() {
    this.again = true;
    this.#running ??= (async () => {
      const { numbers } = this.graph;
      this.runner ??= this.beside(this.graph);
      this.base ??= (await this.runner.run(this.begun)).data;
      while (this.again) {
        this.again = false;
        const { data, adjoint, milliseconds } = await this.runner.run([...this.begun, ...this.changes]);
        this.milliseconds = milliseconds; // of the run alone
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
