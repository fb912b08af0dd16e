// The forward pass as a sequence of steps. A step is one operation; the time k is how many have been
// done. Output entries are made one after the other: the dot of an entry, the sum with its bias.

import { prefix } from "engine/indices";
import { isInfix, nameOf, numberOf, sequenceName, signOf, termOf } from "engine/names";
import { count, factor, short } from "engine/numbers";
import { clamp, partOf, upper } from "engine/reversepass";

const WRITTEN = 3; // terms of a sum

export class ForwardPass {
  #spans = []; // of tensors, as they are asked for

  constructor(graph) {
    this.graph = graph;
    this.end = graph.sequence.length;
    this.moveTo(this.end);
  }

  /** Go to time k: what comes later waits. */
  moveTo(k) {
    this.time = k;
    this.graph.isWaiting = k < this.end ? (n) => this.position[n] >= this.time : () => false;
  }

  /** The operations in the order in which they are done. */
  get order() {
    this.made ??= ordered(this.graph);
    return this.made;
  }

  /** When each node is made: a number below the time at which it is there; −1 for leaves. */
  get position() {
    this.places ??= inverse(this.order, this.graph.size);
    return this.places;
  }

  /** The times at which a step of this grain begins or ends; null where each is one. */
  marks(grain) {
    this.layers ??= prefix(this.graph.stages.map((s) => s.count));
    if (grain === "layer") return this.layers;
    if (grain === "scalar") return null;
    this.channels ??= this.#channelMarks();
    return this.channels;
  }

  #channelMarks() {
    const { order } = this;
    const { stageOf, channel } = this.graph;
    const marks = [0];
    for (let k = 1; k < order.length; k++) {
      const [a, b] = [order[k - 1], order[k]];
      if (stageOf[a] !== stageOf[b] || channel[a] !== channel[b]) marks.push(k);
    }
    return [...marks, this.end];
  }

  /** The next time at this grain, or the one before. */
  next(k, grain, direction) {
    const marks = this.marks(grain);
    if (!marks) return clamp(k + direction, 0, this.end);
    const at = direction > 0 ? upper(marks, k) : upper(marks, k - 1) - 1;
    return marks[clamp(at, 0, marks.length - 1)];
  }

  /** The operation that was done last at time k > 0: {y, stage, reads: [nodes]}. */
  stepAt(k) {
    const { graph } = this;
    const y = this.order[k - 1];
    const reads = [...graph.operandsOf(y)].flatMap((x) => [...graph.entriesOf(x)]);
    return { y, stage: graph.stageOf[y], reads };
  }

  /** The layer that is at work at time k, or was finished last. */
  stageAt(k) {
    return k > 0 ? this.graph.stageOf[this.order[k - 1]] : 0;
  }

  /** At which places of a tensor the number is not there yet; null if at none. */
  waitingOf(tensor) {
    if (this.phaseOf(tensor) === "final") return null;
    return Uint8Array.from(tensor.entries, (n) => n >= 0 && this.graph.isWaiting(n));
  }

  /** What a picture of a tensor's numbers depends on: nothing before the first and after the last. */
  phaseOf(tensor) {
    if (this.time === this.end || tensor.leaf) return "final";
    this.#spans[tensor.index] ??= this.#spanOf(this.graph.tensors[tensor.index]);
    const [first, last] = this.#spans[tensor.index];
    if (this.time > last) return "final";
    return this.time <= first ? "none" : String(this.time);
  }

  #spanOf({ entries }) {
    let [first, last] = [this.end, -1];
    for (const n of entries) {
      if (n < 0) continue;
      first = Math.min(first, this.position[n]);
      last = Math.max(last, this.position[n]);
    }
    return [first, last];
  }

  /** How much of a layer is done: its share, from 0 to 1. */
  shareOf(stage) {
    const [from, to] = this.marks("layer").subarray(stage.index);
    return clamp((this.time - from) / (to - from), 0, 1);
  }

  /** In words: what was done between two times. */
  words(from, to) {
    const { graph } = this;
    if (to === 0) return "the forward pass starts here: only the input and the parameters are there";
    const { y, stage } = this.stepAt(to);
    if (to - from === 1) return this.#rule(y);
    const [first, last] = this.marks("layer").subarray(stage);
    const whole = from <= first && to === last;
    const where = whole ? "" : `, ${partOf(graph, graph.stages[stage], y)}`;
    return `${graph.stages[stage].title}${where}: ${this.#counted(from, to)}`;
  }

  /** `32 operations: 16 dot, 16 add`. */
  #counted(from, to) {
    const tally = new Map();
    for (let k = from; k < to; k++) {
      const { name } = this.graph.operation(this.order[k]);
      tally.set(name, (tally.get(name) ?? 0) + 1);
    }
    const kinds = [...tally].map(([name, n]) => `${count(n)} ${name}`);
    return `${count(to - from, "operation")}: ${kinds.join(", ")}`;
  }

  /** `conv1[0,3,4].dot = Σ 0.31·0.5 + … = 0.42`, `c = a × b = 2 × (−3) = −6`. */
  #rule(y) {
    const { graph } = this;
    const operands = [...graph.operandsOf(y)];
    const ends = `${nameOf(graph, y)} = `;
    const result = numberOf(graph, y);
    if (operands.some((x) => x >= graph.size)) return `${ends}${this.#sequence(y, operands)} = ${result}`;
    const names = operands.map((x) => termOf(graph, x));
    const numbers = operands.map((x) => numberOf(graph, x));
    const [shown, inserted] = [names, numbers].map((terms) => written(graph, y, terms));
    return `${ends}${[...new Set([shown, inserted])].join(" = ")} = ${result}`;
  }

  /** Σ of products, or of numbers; max of numbers; a sequence at an index. */
  #sequence(y, operands) {
    const { data } = this.graph;
    const [a, b] = operands.map((x) => this.graph.entriesOf(x));
    const { name, symbol } = this.graph.operation(y);
    if (name === "gather") return `${sequenceName(this.graph, a)}${symbol.replace("·", short(data[b[0]]))}`;
    const sum = name === "dot" || name === "sum";
    const first = (k) => (sum && k ? factor : short)(data[a[k]]);
    const term = (k) => (b ? `${first(k)}·${factor(data[b[k]])}` : first(k));
    const terms = Array.from({ length: Math.min(a.length, WRITTEN) }, (_, k) => term(k));
    if (a.length > WRITTEN) terms.push("…");
    return sum ? `Σ ${terms.join(" + ")}` : `${symbol}(${terms.join(", ")})`;
  }
}

const bracketed = (text, k) => (k && text.startsWith("−") ? `(${text})` : text);

function written(graph, y, terms) {
  const sign = signOf(graph, y);
  return isInfix(graph, y) ? terms.map(bracketed).join(` ${sign} `) : `${sign}(${terms.join(", ")})`;
}

/** Layer by layer; in each the entries of its outputs in turn, each after what it is made of. */
function ordered(graph) {
  const { stages, sequence, stageOf } = graph;
  const order = new Int32Array(sequence.length);
  const todo = new Todo(graph, order);
  for (const stage of stages) {
    for (const t of stage.outputs)
      for (const n of graph.tensors[t].entries) if (n >= 0 && stageOf[n] === stage.index) todo.make(n);
    for (const n of sequence.subarray(stage.start, stage.end).slice().sort()) todo.make(n);
  }
  return order;
}

/** Puts nodes into an order, each after those of its own layer that it reads. */
class Todo {
  #at = 0;
  #done;
  #whole; // bundles, whose nodes of a layer are all done: the number of the layer, from 1
  #stack = [];

  constructor(graph, order) {
    Object.assign(this, { graph, order });
    this.#done = new Uint8Array(graph.size);
    this.#whole = new Int32Array(graph.length.length);
  }

  make(n) {
    this.#stack.push(n);
    while (this.#stack.length) {
      const y = this.#stack.at(-1);
      if (this.#done[y] || !this.#waitsFor(y)) this.#finish(this.#stack.pop());
    }
  }

  #finish(y) {
    if (this.#done[y]) return;
    this.#done[y] = 1;
    this.order[this.#at++] = y;
  }

  /** Put what a node needs onto the stack, the first of it on top; false where all is there. */
  #waitsFor(y) {
    const { firstSlot, operands, size, stageOf } = this.graph;
    const stage = stageOf[y];
    const before = this.#stack.length;
    for (let slot = firstSlot[y + 1] - 1; slot >= firstSlot[y]; slot--) {
      const x = operands[slot];
      if (x < size) this.#push(x, stage);
      else if (this.#whole[x - size] !== stage + 1) this.#pushAll(x, stage);
    }
    return this.#stack.length > before;
  }

  #push(n, stage) {
    if (this.graph.stageOf[n] === stage && !this.#done[n]) this.#stack.push(n);
  }

  #pushAll(x, stage) {
    const entries = this.graph.entriesOf(x);
    const height = this.#stack.length;
    for (let k = entries.length - 1; k >= 0; k--) this.#push(entries[k], stage);
    if (this.#stack.length === height) this.#whole[x - this.graph.size] = stage + 1;
  }
}

/** Where each of n numbers stands in an order, or −1. */
function inverse(order, n) {
  const places = new Int32Array(n).fill(-1);
  order.forEach((node, k) => {
    places[node] = k;
  });
  return places;
}
