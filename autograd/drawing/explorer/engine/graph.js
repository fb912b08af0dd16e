// The computation graph: nodes by number, inputs first; bundles by numbers beyond the nodes'.
// Numbers and partial derivatives are those of `numbers`: a network that runs, or what was carried.

import { Carried } from "engine/carried";
import { grouped, prefix, repeated } from "engine/indices";
import { Network } from "engine/network";

const SMALL = 300; // nodes

export class Graph {
  constructor(header, arrays, primitives) {
    const { data, adjoint, ...shape } = arrays;
    Object.assign(this, shape);
    this.header = header;
    this.roots = header.roots;
    this.tensors = header.tensors;
    this.stages = header.stages;
    this.size = this.op.length;
    this.isWaiting = () => false; // until the forward pass has come to a node
    this.firstSlot = prefix(this.arity);
    this.firstEntry = prefix(this.length);
    this.slotReader = repeated(this.arity);
    this.numbers = header.frozen ? new Carried(arrays, this) : new Network(arrays, header.roots, primitives);
    this.loops = [...header.ops.map((_, k) => primitives[k]?.loop ?? "")];
    this.original = data; // Python's
    this.originalAdjoint = adjoint;
    this.#placeTensors();
    this.#placeStages();
  }

  /** The numbers of all nodes as they are now. */
  get data() {
    return this.numbers.data;
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

  /** Their gradients. */
  get adjoint() {
    return this.numbers.adjoint;
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
    return this.numbers.partial(this.slotReader[slot], slot, k);
  }

  /** The operand whose numbers are a slot's partials, as a dot's are; or -1. */
  partialsOf(slot) {
    const n = this.slotReader[slot];
    return this.sequenceOf(n) === "dot" ? this.operands[2 * this.firstSlot[n] + 1 - slot] : -1;
  }

  /** "sum", "dot", "max", "min" or "gather" of bundles; "" for other operations. */
  sequenceOf(n) {
    return this.loops[this.op[n] - 1] ?? "";
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
    return ["max", "min", "gather"].includes(this.sequenceOf(this.slotReader[slot]));
  }

  /** Whether no gradient passes this operation: a ReLU that is off. */
  isDead(n) {
    const [from, to] = [this.firstSlot[n], this.firstSlot[n + 1]];
    for (let s = from; s < to; s++)
      if (this.operands[s] >= this.size || this.partial(s, 0) !== null) return false;
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
