// The graph as a machine: forward and reverse through all nodes, in typed arrays. What a primitive
// computes and its partial derivatives are the table's, spelled as JavaScript (module `primitives`).
//
// Operands of sum, dot, max and min, and gather's first, are bundles, which many nodes share. A bundle's numbers are
// gathered once, before its first reader; what its readers send is added up there, and handed to
// its entries once, after its first reader had its turn in reverse.

import { doubles, grouped, prefix } from "engine/indices";

const [LEAF, CALL, SUM, DOT, MAX, MIN, GATHER] = [0, 1, 2, 3, 4, 5, 6];
const LOOPS = { sum: SUM, dot: DOT, max: MAX, min: MIN, gather: GATHER };

export class Network {
  /**
   * `arrays` are those of the graph: op (0 for a leaf, else 1 + the place in `primitives`), arity,
   * operands, length and entries of bundles, data and adjoint as Python had them.
   */
  constructor({ op, arity, operands, length, entries, data, adjoint }, roots, primitives) {
    Object.assign(this, { op, arity, operands, length, entries, roots });
    this.size = op.length;
    this.firstSlot = prefix(arity);
    this.firstEntry = prefix(length);
    const kinds = [LEAF, ...primitives.map((row) => LOOPS[row.loop] ?? CALL)];
    this.kind = Uint8Array.from(op, (code) => kinds[code]);
    this.rows = [null, ...primitives];
    this.data = Float64Array.from(data);
    this.adjoint = Float64Array.from(adjoint);
    this.bundled = doubles(entries, (n) => data[n]);
    this.bundledAdjoint = new Float64Array(entries.length);
    this.reached = new Uint8Array(this.size);
    this.sent = new Uint8Array(length.length);
    this.#indexBundles(length.length);
  }

  /** The bundles that each node is the first to read. */
  #indexBundles(bundles) {
    const first = new Int32Array(bundles).fill(-1);
    for (let n = this.size - 1; n >= 0; n--)
      for (let s = this.firstSlot[n]; s < this.firstSlot[n + 1]; s++)
        if (this.operands[s] >= this.size) first[this.operands[s] - this.size] = n;
    this.opens = grouped(first, this.size);
  }

  /** Another network of the same graph, with numbers of its own. */
  twin() {
    return new Network(this, this.roots, this.rows.slice(1));
  }

  /** How many multiplications and calls a run takes, about. */
  get cost() {
    let sum = this.size;
    for (const x of this.operands)
      if (x >= this.size) sum += this.firstEntry[x - this.size + 1] - this.firstEntry[x - this.size];
    return sum;
  }

  run() {
    this.forward();
    this.reverse();
  }

  // --- forward -------------------------------------------------------------------------------------

  forward() {
    const { kind, size, data } = this;
    for (let n = 0; n < size; n++) if (kind[n] !== LEAF) data[n] = this.#computed(n);
  }

  #computed(n) {
    const { kind, opens } = this;
    for (let i = opens.start[n]; i < opens.start[n + 1]; i++) this.#gather(opens.items[i]);
    if (kind[n] === CALL) return this.#called(n);
    const from = this.#start(n, 0);
    const to = this.#end(n, 0);
    if (kind[n] === DOT) return dot(this.bundled, from, this.#start(n, 1), to - from);
    return kind[n] === SUM ? this.#sum(from, to) : (this.bundled[this.#chosen(n, from, to)] ?? NaN);
  }

  #gather(b) {
    const { bundled, entries, data, firstEntry } = this;
    for (let e = firstEntry[b]; e < firstEntry[b + 1]; e++) bundled[e] = data[entries[e]];
  }

  /** Where the numbers of a node's k-th operand, a bundle, begin. */
  #start(n, k) {
    return this.firstEntry[this.operands[this.firstSlot[n] + k] - this.size];
  }

  #end(n, k) {
    return this.firstEntry[this.operands[this.firstSlot[n] + k] - this.size + 1];
  }

  #called(n) {
    const { operands, data } = this;
    const from = this.firstSlot[n];
    const to = this.firstSlot[n + 1];
    const { forward } = this.rows[this.op[n]];
    if (to - from === 1) return forward(data[operands[from]]);
    if (to - from === 2) return forward(data[operands[from]], data[operands[from + 1]]);
    return forward(...this.#numbers(from, to));
  }

  #numbers(from, to) {
    return Array.from(this.operands.subarray(from, to), (x) => this.data[x]);
  }

  #sum(from, to) {
    let sum = 0;
    for (let e = from; e < to; e++) sum += this.bundled[e];
    return sum;
  }

  /** The entry that a node's number is: an extreme, or the one that an index names; −1 for none. */
  #chosen(n, from, to) {
    if (this.kind[n] !== GATHER) return this.#winner(n, from, to);
    const i = this.data[this.operands[this.firstSlot[n] + 1]];
    const k = i < 0 ? i + (to - from) : i;
    return Number.isInteger(k) && k >= 0 && k < to - from ? from + k : -1;
  }

  /** Where the extreme of a sequence stands that takes the gradient: its first, or its first nan. */
  #winner(n, from, to) {
    const { bundled } = this;
    const { beats } = this.rows[this.op[n]];
    let best = from;
    for (let e = from; e < to && !Number.isNaN(bundled[best]); e++)
      if (beats(bundled[e], bundled[best])) best = e;
    return best;
  }

  // --- reverse -------------------------------------------------------------------------------------

  reverse() {
    const { adjoint, bundledAdjoint, reached, sent, roots, kind } = this;
    for (const array of [adjoint, bundledAdjoint, reached, sent]) array.fill(0);
    for (const root of roots) {
      adjoint[root] = 1;
      reached[root] = 1;
    }
    for (let n = this.size - 1; n >= 0; n--) {
      if (kind[n] === LEAF) continue;
      if (reached[n]) this.#send(n);
      const { start, items } = this.opens;
      for (let i = start[n]; i < start[n + 1]; i++) if (sent[items[i]]) this.#spread(items[i]);
    }
  }

  #send(n) {
    const { kind, adjoint, bundledAdjoint, sent, operands, firstSlot, size } = this;
    const upstream = adjoint[n];
    if (kind[n] === CALL) return this.#sendCall(n, upstream);
    const from = this.#start(n, 0);
    const to = this.#end(n, 0);
    if (kind[n] !== SUM && kind[n] !== DOT) {
      const e = this.#chosen(n, from, to);
      if (e >= 0) this.#add(this.entries[e], upstream);
      return;
    }
    for (let s = firstSlot[n]; s < firstSlot[n + 1]; s++) sent[operands[s] - size] = 1;
    if (kind[n] === DOT) spread(bundledAdjoint, this.bundled, from, this.#start(n, 1), to - from, upstream);
    else for (let e = from; e < to; e++) bundledAdjoint[e] += upstream;
  }

  #sendCall(n, upstream) {
    const from = this.firstSlot[n];
    const to = this.firstSlot[n + 1];
    for (let s = from; s < to; s++) {
      const p = this.#slope(n, s - from, from, to);
      if (p !== false) this.#add(this.operands[s], p === true ? upstream : upstream * p);
    }
  }

  /** ∂y/∂(operand k) of a call: a number, true (handed on), or false (it stops). */
  #slope(n, k, from, to) {
    const p = this.rows[this.op[n]].partials[k];
    if (typeof p !== "function") return p;
    const { data, operands } = this;
    if (to - from === 1) return p(data[n], data[operands[from]]);
    if (to - from === 2) return p(data[n], data[operands[from]], data[operands[from + 1]]);
    return p(data[n], ...this.#numbers(from, to));
  }

  #add(x, contribution) {
    this.adjoint[x] += contribution;
    this.reached[x] = 1;
  }

  #spread(b) {
    const { bundledAdjoint, entries, firstEntry } = this;
    for (let e = firstEntry[b]; e < firstEntry[b + 1]; e++) this.#add(entries[e], bundledAdjoint[e]);
  }

  // --- what a view asks ----------------------------------------------------------------------------

  /** ∂(node n)/∂(entry k of its operand in a slot), or null where nothing flows. */
  partial(n, slot, k) {
    const from = this.firstSlot[n];
    if (this.kind[n] === CALL) {
      const p = this.#slope(n, slot - from, from, this.firstSlot[n + 1]);
      return p === false ? null : Number(p);
    }
    if (this.kind[n] === SUM) return 1;
    if (this.kind[n] === DOT) return this.data[this.entries[this.#start(n, from + 1 - slot) + k]];
    const first = this.#start(n, 0);
    return slot === from && this.#chosen(n, first, this.#end(n, 0)) === first + k ? 1 : null;
  }
}

/** Σₖ x[a + k]·x[b + k]; four sums at a time do not wait for each other. */
function dot(x, a, b, width) {
  let [p, q, r, s] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 3 < width; k += 4) {
    p += x[a + k] * x[b + k];
    q += x[a + k + 1] * x[b + k + 1];
    r += x[a + k + 2] * x[b + k + 2];
    s += x[a + k + 3] * x[b + k + 3];
  }
  for (; k < width; k++) p += x[a + k] * x[b + k];
  return p + q + (r + s);
}

/** What a dot of x[a..] and x[b..] sends to both: the other one's numbers times its own adjoint. */
function spread(adjoint, x, a, b, width, upstream) {
  for (let k = 0; k < width; k++) {
    adjoint[a + k] += upstream * x[b + k];
    adjoint[b + k] += upstream * x[a + k];
  }
}
