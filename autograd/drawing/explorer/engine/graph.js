// The computation graph: nodes by number, inputs first; bundles by numbers beyond the nodes'.
// Partial derivatives come with the data: nothing here knows how to differentiate.

const SMALL = 300; // nodes
const STOP = 0;
const PASS = 1;
const NUMBER = 2;
const ROW = 3;
const OPERAND = 4; // and beyond: the numbers of operand k

export class Graph {
  constructor(header, arrays) {
    Object.assign(this, arrays);
    this.header = header;
    this.roots = header.roots;
    this.tensors = header.tensors;
    this.stages = header.stages;
    this.size = this.op.length;
    this.firstSlot = prefix(this.arity);
    this.firstEntry = prefix(this.length);
    this.slotReader = repeated(this.arity);
    this.#locatePartials();
    this.#placeTensors();
    this.#placeStages();
  }

  #locatePartials() {
    const slots = this.modes.length;
    this.partialAt = new Int32Array(slots);
    this.rowAt = new Int32Array(slots);
    let partials = 0;
    let rows = 0;
    for (let s = 0; s < slots; s++) {
      this.partialAt[s] = partials;
      this.rowAt[s] = rows;
      if (this.modes[s] === NUMBER) partials++;
      if (this.modes[s] === ROW) {
        const n = this.width(this.operands[s]);
        for (let k = rows; k < rows + n; k++) if (this.rows[k] === NUMBER) partials++;
        rows += n;
      }
    }
  }

  #placeTensors() {
    this.tensorOf = new Int32Array(this.size).fill(-1);
    this.placeOf = new Int32Array(this.size);
    let at = 0;
    this.tensors.forEach((tensor, t) => {
      const size = tensor.shape.reduce((a, b) => a * b, 1);
      tensor.index = t;
      tensor.entries = this.tensorEntries.subarray(at, at + size);
      tensor.entries.forEach((node, place) => {
        if (node >= 0) {
          this.tensorOf[node] = t;
          this.placeOf[node] = place;
        }
      });
      at += size;
    });
  }

  #placeStages() {
    this.stageOf = new Int32Array(this.size).fill(-1);
    const seen = new Map();
    let end = this.sequence.length;
    this.stages.forEach((stage, k) => {
      stage.index = k;
      stage.start = end - stage.count; // in the order of the reverse pass
      stage.end = end;
      end = stage.start;
      for (let p = stage.start; p < stage.end; p++) this.stageOf[this.sequence[p]] = k;
      const title = stage.path || stage.kind || "code outside of layers";
      const times = (seen.get(title) || 0) + 1;
      seen.set(title, times);
      stage.title = times > 1 ? `${title} (${times})` : title;
      if (times > 1) for (const t of stage.outputs) this.tensors[t].name += ` (${times})`;
    });
  }

  /** Whether the graph can be drawn node by node. */
  get isSmall() {
    return this.size <= SMALL && this.operands.length <= 2 * SMALL;
  }

  /** Whether the graph has layers worth a look: several, of tensors. */
  get isLayered() {
    return this.stages.length > 1 && this.stages.some((s) => s.outputs.length);
  }

  /** The output entry that a node works for, or the node itself. */
  ownerOf(n) {
    return this.owner[n] >= 0 ? this.owner[n] : n;
  }

  /** How many scalars an operand has: 1 for a node, its length for a bundle. */
  width(x) {
    return x < this.size ? 1 : this.length[x - this.size];
  }

  /** The nodes of an operand. */
  entriesOf(x) {
    if (x < this.size) return [x];
    const b = x - this.size;
    return this.entries.subarray(this.firstEntry[b], this.firstEntry[b + 1]);
  }

  /** The operands of a node: nodes and bundles. */
  operandsOf(n) {
    return this.operands.subarray(this.firstSlot[n], this.firstSlot[n + 1]);
  }

  operation(n) {
    const [name, symbol] = this.header.ops[this.op[n] - 1];
    return { name, symbol };
  }

  isLeaf(n) {
    return this.op[n] === 0;
  }

  /** ∂(reader of the slot)/∂(its entry k), or null where nothing flows. */
  partial(slot, k) {
    const mode = this.modes[slot];
    if (mode >= OPERAND) {
      const other = this.partialsOf(slot);
      return this.data[other < this.size ? other : this.entries[this.firstEntry[other - this.size] + k]];
    }
    if (mode === NUMBER) return this.partials[this.partialAt[slot]];
    if (mode !== ROW) return mode === PASS ? 1 : null;
    const start = this.rowAt[slot];
    const own = this.rows[start + k];
    if (own !== NUMBER) return own === PASS ? 1 : null;
    let at = this.partialAt[slot];
    for (let e = start; e < start + k; e++) if (this.rows[e] === NUMBER) at++;
    return this.partials[at];
  }

  /** The operand whose numbers are a slot's partials, or -1. */
  partialsOf(slot) {
    const mode = this.modes[slot];
    return mode < OPERAND ? -1 : this.operands[this.firstSlot[this.slotReader[slot]] + mode - OPERAND];
  }

  /** How often each node is read. */
  uses() {
    if (this.useCounts) return this.useCounts;
    this.#index();
    const readers = (x) => this.slotsOf.start[x + 1] - this.slotsOf.start[x];
    this.useCounts = Int32Array.from({ length: this.size }, (_, n) => readers(n));
    for (let e = 0; e < this.entries.length; e++)
      this.useCounts[this.entries[e]] += readers(this.size + this.bundleOf[e]);
    return this.useCounts;
  }

  /** Whether an operand's entries get different partials, given one by one: the choice of a max. */
  chooses(slot) {
    return this.modes[slot] === ROW;
  }

  /** Whether no gradient passes this operation: a ReLU that is off. */
  isDead(n) {
    const [from, to] = [this.firstSlot[n], this.firstSlot[n + 1]];
    for (let s = from; s < to; s++) if (this.modes[s] !== STOP) return false;
    return to > from;
  }

  /** Call visit(slot, k) for every place where a node is read, in the order of its readers. */
  eachUse(n, visit) {
    this.#index();
    const { slotsOf, inBundles } = this;
    for (let i = slotsOf.start[n]; i < slotsOf.start[n + 1]; i++) visit(slotsOf.items[i], 0);
    for (let i = inBundles.start[n]; i < inBundles.start[n + 1]; i++) {
      const entry = inBundles.items[i];
      const b = this.bundleOf[entry];
      const k = entry - this.firstEntry[b];
      const x = b + this.size;
      for (let j = slotsOf.start[x]; j < slotsOf.start[x + 1]; j++) visit(slotsOf.items[j], k);
    }
  }

  /** The operations that read a node, each once. */
  readersOf(n) {
    const found = new Set();
    this.eachUse(n, (slot) => found.add(this.slotReader[slot]));
    return [...found].sort((a, b) => a - b);
  }

  #index() {
    if (this.slotsOf) return;
    this.slotsOf = grouped(this.operands, this.size + this.length.length);
    this.inBundles = grouped(this.entries, this.size);
    this.bundleOf = repeated(this.length);
  }
}

/** The sums of what came before each: n + 1 numbers. */
export function prefix(counts) {
  const sums = new Int32Array(counts.length + 1);
  for (let k = 0; k < counts.length; k++) sums[k + 1] = sums[k] + counts[k];
  return sums;
}

/** Each position as often as it is counted: [2, 0, 1] -> [0, 0, 2]. */
function repeated(counts) {
  const result = new Int32Array(counts.reduce((a, b) => a + b, 0));
  let at = 0;
  for (let k = 0; k < counts.length; k++) for (let i = 0; i < counts[k]; i++) result[at++] = k;
  return result;
}

/** For each of n keys, the positions at which it stands: items[start[key] .. start[key + 1]]. */
function grouped(keys, n) {
  const counts = new Int32Array(n);
  for (const key of keys) counts[key]++;
  const start = prefix(counts);
  const next = start.slice();
  const items = new Int32Array(keys.length);
  for (let k = 0; k < keys.length; k++) items[next[keys[k]]++] = k;
  return { start, items };
}
