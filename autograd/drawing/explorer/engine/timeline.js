// One line of time through both passes: before 0 the forward pass, one operation a step; at 0 the
// result is there; after it the reverse pass, one contribution a step.

import { ForwardPass } from "engine/forwardpass";
import { nameOf, numberOf } from "engine/names";
import { count } from "engine/numbers";
import { clamp, ReversePass } from "engine/reversepass";

export class Timeline {
  constructor(graph) {
    this.graph = graph;
    this.forward = new ForwardPass(graph);
    this.reverse = new ReversePass(graph);
    this.start = 0 - this.forward.end;
    this.end = this.reverse.end;
  }

  moveTo(t) {
    this.forward.moveTo(Math.min(t, 0) - this.start);
    this.reverse.moveTo(Math.max(t, 0));
  }

  /** Whether something is under way: neither nothing nor all is done. */
  isUnderWay(t) {
    return t > this.start && t < this.end && t !== 0;
  }

  /** The next time at this grain, or the one before; each pass ends with a step. */
  next(t, grain, direction) {
    const { forward, reverse, start } = this;
    if (t < 0 || (t === 0 && direction < 0)) return forward.next(t - start, grain, direction) + start;
    return reverse.next(t, grain, direction);
  }

  /** The layer at work at time t. */
  stageAt(t) {
    return t > 0 ? this.reverse.stageAt(t) : this.forward.stageAt(t - this.start);
  }

  /** What is at work at time t, scalar by scalar: the operation y that reads nodes, and in the
   * reverse pass the node x that its contribution goes to; null where nothing is under way. */
  stepAt(t) {
    if (!this.isUnderWay(t)) return null;
    return t > 0 ? this.reverse.stepAt(t) : this.forward.stepAt(t - this.start);
  }

  /** How much of a layer is done at time t in the pass that is under way: from 0 to 1. */
  shareOf(stage, t) {
    return t < 0 ? this.forward.shareOf(stage) : this.reverse.shareOf(stage, t);
  }

  /** In words: what was done between two times. */
  words(from, to) {
    const { graph, start } = this;
    if (to < 0) return this.forward.words(from - start, to - start);
    if (to > 0 || !this.end) return this.reverse.words(Math.max(from, 0), to);
    const results = graph.roots.length > 3 ? count(graph.roots.length, "output") : this.#results();
    return `${results}; ${this.reverse.words(0, 0)}`;
  }

  #results() {
    return this.graph.roots.map((n) => `${nameOf(this.graph, n)} = ${numberOf(this.graph, n)}`).join(", ");
  }

  /** `forward 3 of 1,024`. */
  clock(t) {
    const [pass, at, all] = t < 0 ? ["forward", t - this.start, -this.start] : ["reverse", t, this.end];
    return `${pass} ${count(at)} of ${count(all)}`;
  }

  /** A time in the address: `forward-3`, `reverse-12`. */
  write(t) {
    return t < 0 ? `forward-${t - this.start}` : `reverse-${t}`;
  }

  /** The time that a text of the address means; a number alone is one of the reverse pass. */
  read(text) {
    const found = /^(?:(forward|reverse)-)?(\d+)$/.exec(text ?? "");
    if (!found) return this.end;
    const at = Number(found[2]);
    return found[1] === "forward" ? clamp(at + this.start, this.start, 0) : clamp(at, 0, this.end);
  }
}
