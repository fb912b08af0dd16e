// Numbers and partial derivatives as Python gave them: of a graph that the page cannot run, because
// an operation of the user's own, or a kind of number, has no words in JavaScript.

const STOP = 0;
const PASS = 1;
const NUMBER = 2; // and ROW: numbers and truths, one by one
const ROW = 3;
const OPERAND = 4; // and beyond: the numbers of operand k

export class Carried {
  constructor({ data, adjoint, modes, partials, rows }, graph) {
    Object.assign(this, { data, adjoint, modes, partials, rows, graph });
    this.partialAt = new Int32Array(modes.length);
    this.rowAt = new Int32Array(modes.length);
    let [numbers, truths] = [0, 0];
    for (let s = 0; s < modes.length; s++) {
      this.partialAt[s] = numbers;
      this.rowAt[s] = truths;
      if (modes[s] === NUMBER) numbers++;
      if (modes[s] === ROW) {
        const n = graph.width(graph.operands[s]);
        for (let k = truths; k < truths + n; k++) if (rows[k] === NUMBER) numbers++;
        truths += n;
      }
    }
  }

  /** ∂(node n)/∂(entry k of its operand in a slot), or null where nothing flows. */
  partial(n, slot, k) {
    const mode = this.modes[slot];
    if (mode >= OPERAND) {
      const { operands, firstSlot, entriesOf } = this.graph;
      return this.data[entriesOf.call(this.graph, operands[firstSlot[n] + mode - OPERAND])[k]];
    }
    if (mode === NUMBER) return this.partials[this.partialAt[slot]];
    if (mode !== ROW) return mode === STOP ? null : 1;
    const start = this.rowAt[slot];
    if (this.rows[start + k] !== NUMBER) return this.rows[start + k] === PASS ? 1 : null;
    let at = this.partialAt[slot];
    for (let e = start; e < start + k; e++) if (this.rows[e] === NUMBER) at++;
    return this.partials[at];
  }
}
