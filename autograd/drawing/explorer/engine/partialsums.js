// What every gradient has grown to at a time of the reverse pass. Going a step on adds one
// contribution, going back takes it out again; a long way starts from the nearer end.

const FEW = 2_000; // steps back that are counted anew, node by node
const MANY = 5_000_000; // steps that are made anew from the start

export class PartialSums {
  constructor(reverse) {
    this.reverse = reverse;
    this.graph = reverse.graph;
    this.finish();
  }

  /** All gradients are there: the arrays of sums are made when somebody leaves the end. */
  finish() {
    this.time = this.reverse.end;
    this.sums = this.graph.adjoint;
    this.made = null;
  }

  #leave() {
    if (this.made) return;
    this.sums = Float64Array.from(this.graph.adjoint);
    this.made = this.graph.uses().slice();
  }

  /** Nothing is there but the 1 of the roots. */
  begin() {
    this.time = 0;
    this.sums = new Float64Array(this.graph.size);
    this.made = new Int32Array(this.graph.size);
    for (const root of this.graph.roots) this.sums[root] = 1;
  }

  /** {sum, made, all}: of so many contributions so many are in. */
  sumOf(n) {
    const all = this.graph.uses()[n];
    const made = this.made ? this.made[n] : all;
    if (made === all) return { sum: this.graph.adjoint[n], made, all };
    return { sum: made ? this.sums[n] : Number(this.graph.roots.includes(n)), made, all };
  }

  moveTo(t) {
    const { end } = this.reverse;
    const way = Math.abs(t - this.time);
    if (end - t < Math.min(way, t)) this.finish();
    else if (t < way) this.begin();
    if (t !== this.time) this.#leave();
    if (t > this.time) this.#add(this.time, t, 1);
    if (t < this.time) this.#rewind(t);
    this.time = t;
  }

  /** Go back: sums are made anew, for what was taken out of a sum leaves its rounding behind. */
  #rewind(t) {
    if (this.time - t <= FEW) {
      const touched = new Set();
      for (let step = t + 1; step <= this.time; step++) touched.add(this.reverse.stepAt(step).x);
      for (const n of touched) this.#recount(n, t);
    } else if (t <= MANY) {
      this.begin();
      this.#add(0, t, 1);
    } else this.#add(t, this.time, -1);
  }

  /** One node's sum at time t. */
  #recount(n, t) {
    this.sums[n] = Number(this.graph.roots.includes(n));
    this.made[n] = 0;
    this.graph.eachUse(n, (slot, k) => {
      if (this.reverse.timeOf(slot, k) >= t) return;
      this.sums[n] += this.reverse.contribution(slot, k).contribution;
      this.made[n]++;
    });
  }

  /** Put in (+1) or take out (-1) the contributions between two times. */
  #add(from, to, sign) {
    const { reverse, graph } = this;
    const { firstSlot, operands, sequence } = graph;
    let p = reverse.positionAt(from);
    for (; p < sequence.length && reverse.start[p] < to; p++) {
      const y = sequence[p];
      let at = reverse.start[p];
      for (let slot = firstSlot[y]; slot < firstSlot[y + 1]; slot++) {
        const width = graph.width(operands[slot]);
        const [first, last] = [Math.max(0, from - at), Math.min(width, to - at)];
        if (first < last) this.#send(slot, first, last, sign * graph.adjoint[y], sign);
        at += width;
      }
    }
  }

  /** What a slot sends to its entries from `first` up to `last`. */
  #send(slot, first, last, upstream, sign) {
    const { graph, sums, made } = this;
    const x = graph.operands[slot];
    const other = graph.partialsOf(slot);
    if (x < graph.size || other < 0) {
      const entries = graph.entriesOf(x);
      for (let k = first; k < last; k++) {
        const partial = graph.partial(slot, k);
        if (partial !== null) sums[entries[k]] += upstream * partial;
        made[entries[k]] += sign;
      }
      return;
    }
    const { entries, data, firstEntry, size } = graph; // a dot: the other operand's numbers
    const [a, b] = [firstEntry[x - size], firstEntry[other - size]];
    for (let k = first; k < last; k++) {
      const n = entries[a + k];
      sums[n] += upstream * data[entries[b + k]];
      made[n] += sign;
    }
  }
}
