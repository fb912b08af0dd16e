// What was changed, step by step: undo and redo.

const MOST = 200; // steps
const NUMBERS = 4_000_000; // changes in all of them: a step of training changes many
const MANY = 1000; // changes of one step, which take less room in columns

export class History {
  #done = [];
  #undone = [];
  #held = null;

  /** Changes [[node, before, after], ...]; `words` say what was done. */
  add(changes, words) {
    this.#undone = [];
    if (this.#held) return this.#join(changes, words);
    this.#done.push({ changes: changes.length > MANY ? new Columns(changes) : changes, words });
    while (this.#done.length > MOST || (this.#done.length > 1 && this.#size() > NUMBERS)) this.#done.shift();
  }

  #size() {
    return this.#done.reduce((sum, step) => sum + step.changes.length, 0);
  }

  /** While a step is held, a node keeps its first `before` and gets the last `after`. */
  #join(changes, words) {
    const { first, last } = this.#held;
    for (const [n, before, after] of changes) {
      if (!first.has(n)) first.set(n, before);
      last.set(n, after);
    }
    this.#held.words = words;
  }

  hold() {
    this.#held ??= { first: new Map(), last: new Map(), words: "" };
  }

  release() {
    const held = this.#held;
    this.#held = null;
    if (held?.first.size)
      this.add(
        [...held.first].map(([n, before]) => [n, before, held.last.get(n)]),
        held.words,
      );
  }

  /** [[node, number], ...] of the step before, or none. */
  undo() {
    this.release();
    const step = this.#done.pop();
    if (step) this.#undone.push(step);
    return step ? Array.from(step.changes, ([n, before]) => [n, before]) : [];
  }

  redo() {
    const step = this.#undone.pop();
    if (step) this.#done.push(step);
    return step ? Array.from(step.changes, ([n, , after]) => [n, after]) : [];
  }

  /** What undo and redo would do, in words; null where there is nothing. */
  get undoes() {
    return this.#done.at(-1)?.words ?? null;
  }

  get redoes() {
    return this.#undone.at(-1)?.words ?? null;
  }
}

/** Changes as columns of numbers. */
class Columns {
  constructor(changes) {
    this.length = changes.length;
    this.nodes = Int32Array.from(changes, ([n]) => n);
    this.before = Float64Array.from(changes, ([, before]) => before);
    this.after = Float64Array.from(changes, ([, , after]) => after);
  }

  *[Symbol.iterator]() {
    for (let k = 0; k < this.length; k++) yield [this.nodes[k], this.before[k], this.after[k]];
  }
}
