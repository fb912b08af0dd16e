// The numbers of a training's leaves, epoch by epoch.

export class Epochs {
  constructor(graph) {
    this.graph = graph;
    this.names = graph.header.epochs ?? [];
    this.own = graph.header.epoch ?? 0; // the epoch of Python's numbers
    this.chosen = this.own;
    this.leaves = graph.epochLeaves ?? [];
  }

  number(k, i) {
    return this.graph.epochNumbers[k * this.leaves.length + i];
  }

  /** [[leaf, number], ...] of an epoch. */
  pairs(k) {
    return Array.from(this.leaves, (n, i) => [n, this.number(k, i)]);
  }

  /** Whether the leaves have the numbers of an epoch. */
  is(k) {
    const { data } = this.graph;
    return this.leaves.every((n, i) => Object.is(data[n], this.number(k, i)));
  }

  /** The epoch that the leaves are of, or the last one that they were of. */
  get at() {
    if (!this.is(this.chosen)) {
      const found = this.names.findIndex((_, k) => this.is(k));
      if (found >= 0) this.chosen = found;
    }
    return this.chosen;
  }

  /** For the page's address: null for Python's own. */
  get text() {
    return this.at === this.own ? null : String(this.at);
  }

  /** The epoch that an address asks for, as pairs; none for Python's own. */
  asked(text) {
    const k = /^\d+$/.test(text ?? "") ? Number(text) : this.own;
    this.chosen = k < this.names.length ? k : this.own;
    return this.chosen === this.own ? [] : this.pairs(this.chosen);
  }

  /** Of changed leaves, those that the epoch alone does not give. */
  others(changes) {
    if (this.text === null) return changes;
    const given = new Map(this.pairs(this.chosen));
    return new Map([...changes].filter(([n, x]) => !Object.is(given.get(n), x)));
  }
}
