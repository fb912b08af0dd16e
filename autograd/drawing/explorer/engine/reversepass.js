// The reverse pass as a sequence of steps. A step is one contribution of the chain rule,
// x̄ += ȳ · ∂y/∂x; the time t is how many have been made.

import { slopeRule } from "engine/formulas";
import { doubles, prefix } from "engine/indices";
import { nameOf, rootName, under } from "engine/names";
import { count, sentText, short } from "engine/numbers";
import { PartialSums } from "engine/partialsums";

export const GRAINS = ["layer", "channel", "scalar"];

export class ReversePass {
  constructor(graph) {
    this.graph = graph;
    const { sequence } = graph;
    this.offset = offsets(graph);
    this.start = prefix(sequence.map((n) => this.stepsOf(n)));
    this.position = new Int32Array(graph.size).fill(-1);
    sequence.forEach((n, p) => {
      this.position[n] = p;
    });
    this.end = this.start[sequence.length];
    this.partialSums = new PartialSums(this);
    this.spans = []; // of tensors, as they are asked for
    this.marks = { layer: this.#stageMarks(), channel: this.#channelMarks(), scalar: null };
  }

  /** How many contributions an operation sends. */
  stepsOf(n) {
    const { firstSlot, operands } = this.graph;
    const last = firstSlot[n + 1] - 1;
    return this.offset[last] + this.graph.width(operands[last]);
  }

  #stageMarks() {
    return [0, ...this.graph.stages.map((s) => this.start[s.end]).reverse()];
  }

  #channelMarks() {
    const { sequence, stageOf, channel } = this.graph;
    const marks = [0];
    for (let p = 1; p < sequence.length; p++) {
      const [a, b] = [sequence[p - 1], sequence[p]];
      if (stageOf[a] !== stageOf[b] || channel[a] !== channel[b]) marks.push(this.start[p]);
    }
    return [...marks, this.end];
  }

  /** The next time at this grain, or the one before. */
  next(t, grain, direction) {
    const marks = this.marks[grain];
    if (!marks) return clamp(t + direction, 0, this.end);
    const k = direction > 0 ? upper(marks, t) : upper(marks, t - 1) - 1;
    return marks[clamp(k, 0, marks.length - 1)];
  }

  /** The position in the sequence of the operation whose turn it is at time t. */
  positionAt(t) {
    return upper(this.start, t) - 1;
  }

  /** The contribution that is made last at time t > 0. */
  stepAt(t) {
    const { graph } = this;
    const position = this.positionAt(t - 1);
    const y = graph.sequence[position];
    let k = t - 1 - this.start[position];
    let slot = graph.firstSlot[y];
    while (k >= graph.width(graph.operands[slot])) k -= graph.width(graph.operands[slot++]);
    const x = graph.entriesOf(graph.operands[slot])[k];
    return { position, y, x, slot, k, stage: graph.stageOf[y], ...this.contribution(slot, k) };
  }

  /** upstream · partial; a partial of null sends nothing, whatever comes from upstream. */
  contribution(slot, k) {
    const upstream = this.graph.adjoint[this.graph.slotReader[slot]];
    const partial = this.graph.partial(slot, k);
    return { upstream, partial, contribution: partial === null ? 0 : upstream * partial };
  }

  /** When a slot sends its contribution to entry k: a number below the time at which it is in. */
  timeOf(slot, k) {
    return this.start[this.position[this.graph.slotReader[slot]]] + this.offset[slot] + k;
  }

  /** What a node's gradient has grown to by now, and how many contributions are in. */
  sumOf(n) {
    return this.partialSums.sumOf(n);
  }

  /** The graph has other numbers: what was added up of the old ones is made anew. */
  renew() {
    const { time } = this.partialSums;
    this.partialSums.finish();
    this.partialSums.moveTo(time);
  }

  /** Go to time t. */
  moveTo(t) {
    this.partialSums.moveTo(t);
  }

  /** The gradients of a tensor's entries by now; nan where the graph does not use an entry. */
  gradientsOf(tensor) {
    const done = this.partialSums.time === this.end;
    const sum = (n) => (done ? this.graph.adjoint[n] : this.partialSums.sumOf(n).sum);
    return doubles(tensor.entries, (n) => (n < 0 ? Number.NaN : sum(n)));
  }

  /** At which places of a tensor no contribution has come in yet, though some will; null if at none. */
  waitingOf(tensor) {
    if (this.partialSums.time === this.end) return null;
    const waits = (n) => {
      if (n < 0 || this.graph.roots.includes(n)) return false;
      const { made, all } = this.partialSums.sumOf(n);
      return all > 0 && !made;
    };
    return Uint8Array.from(tensor.entries, waits);
  }

  /** What a picture of a tensor's gradients depends on at time t: nothing before the first and
   * after the last contribution. */
  phaseOf(tensor, t) {
    this.spans[tensor.index] ??= this.#spanOf(this.graph.tensors[tensor.index]);
    const [first, last] = this.spans[tensor.index];
    if (t >= last) return "final";
    return t <= first ? "none" : String(t);
  }

  /** The times between which contributions to a tensor arrive, by the stages that read it. */
  #spanOf(tensor) {
    const { stages, stageOf } = this.graph;
    const made = new Set(tensor.entries.filter((n) => n >= 0).map((n) => stageOf[n]));
    if (made.has(-1) && !tensor.leaf) return [0, this.end];
    const readers = stages.filter(
      (s) => s.reads.includes(tensor.index) || made.has(s.index) || s.predecessors.some(([k]) => made.has(k)),
    );
    return [
      Math.min(...readers.map((s) => this.start[s.start])),
      Math.max(...readers.map((s) => this.start[s.end])),
    ];
  }

  /** How much of a layer has been sent at time t: from 0 to 1. */
  shareOf(stage, t) {
    const [from, to] = [this.start[stage.start], this.start[stage.end]];
    return clamp((t - from) / (to - from), 0, 1);
  }

  /** The layer whose reverse pass is under way at time t, or was finished last. */
  stageAt(t) {
    return t > 0 ? this.stepAt(t).stage : this.graph.stages.length - 1;
  }

  /** In words: what was done between two times. */
  words(from, to) {
    const { graph } = this;
    const root = under(rootName(graph));
    if (!this.end) return "the root is a leaf: nothing was recorded, so there is nothing to go back through";
    if (to === this.end && from === to) return "both passes are done: press ▶ to watch them";
    if (to === 0) return `${root}/${root} = 1: the reverse pass starts here`;
    const step = this.stepAt(to);
    if (to - from === 1) return this.#rule(step);
    const stage = graph.stages[step.stage];
    const whole = from <= this.start[stage.start] && to === this.start[stage.end];
    const where = whole ? "" : `, ${partOf(graph, stage, step.y)}`;
    return `${stage.title}${where}: ${count(to - from, "contribution")} ${this.#receivers(stage)}`;
  }

  #rule({ x, y, slot, upstream, partial, contribution }) {
    const [root, a, c] = [rootName(this.graph), nameOf(this.graph, x), nameOf(this.graph, y)].map(under);
    const { made, all, sum } = this.sumOf(x);
    const soFar = all > 1 ? `; ${count(made)} of ${count(all)}, now ${short(sum)}` : "";
    const rule = `${root}/${a} += ${root}/${c} · ${c}/${a}`;
    const slope = slopeRule(this.graph, slot);
    const numbers = sentText({ upstream, partial, contribution });
    return `${rule} = ${numbers}${soFar}${slope && `; ${slope}`}`;
  }

  #receivers(stage) {
    const { graph } = this;
    const layers = stage.predecessors.map(([k]) => graph.stages[k].title);
    const tensors = stage.reads.map((t) => graph.tensors[t].name);
    return `to ${[...layers, ...tensors].join(", ") || "constants"}`;
  }
}

/** Which part of a layer a node belongs to. */
export function partOf(graph, stage, y) {
  const c = graph.channel[y];
  if (c < 0) return "what is shared";
  const shape = graph.tensors[stage.outputs[0]]?.shape ?? [];
  return `${shape.length > 1 ? "channel" : "entry"} ${c}`;
}

/** For each operand slot, how many contributions its node sends before it. */
function offsets(graph) {
  const result = new Int32Array(graph.operands.length);
  for (let s = 1; s < result.length; s++)
    if (graph.slotReader[s] === graph.slotReader[s - 1])
      result[s] = result[s - 1] + graph.width(graph.operands[s - 1]);
  return result;
}

export const clamp = (x, low, high) => Math.max(low, Math.min(high, x));

/** The position of the first of sorted numbers that is greater than x. */
export function upper(sorted, x) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] > x) high = middle;
    else low = middle + 1;
  }
  return low;
}
