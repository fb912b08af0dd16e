// The samples that came with the page: numbers for the inputs of the graph, images and their labels.

import { shuffled } from "engine/chance";
import { doubles } from "engine/indices";

const FIFTH = 5; // one of five is held out where Python did not say which

export class Samples {
  constructor(graph) {
    Object.assign(this, graph.header.samples); // count, heldOut, columns, labels, classes, index
    this.graph = graph;
    this.scores = graph.scores;
    this.numbers = this.columns.map((_, k) => decoded(graph[`samples${k}`], graph[`levels${k}`]));
    this.sizes = this.columns.map(({ shape }) => shape.reduce((a, b) => a * b, 1));
    this.own = doubles(graph.inputs, (n) => graph.original[n] ?? 0);
    this.learnable = this.index !== null && graph.parameters.length > 0;
    [this.training, this.held] = this.#parts();
    this.range = span(graph.levels0 ?? this.numbers[0]);
    this.read = new Int16Array(this.count).fill(-1); // the class that each was read as last
    this.losses = new Float64Array(this.count).fill(Number.NaN);
  }

  /** Samples that are learned from, and those that are not. */
  #parts() {
    const all = Array.from({ length: this.count }, (_, k) => k);
    if (this.heldOut) return [all.slice(0, -this.heldOut), all.slice(-this.heldOut)];
    const held = new Set(shuffled(all, 1).slice(0, Math.floor(this.count / FIFTH)));
    return [all.filter((k) => !held.has(k)), all.filter((k) => held.has(k))];
  }

  has(k) {
    return Number.isInteger(k) && k >= 0 && k < this.count;
  }

  /** Call put(leaf, number) for all inputs of a sample that the graph reads; null is Python's own. */
  each(k, put) {
    const { inputs } = this.graph;
    if (k === null) {
      for (const [i, n] of inputs.entries()) if (n >= 0) put(n, this.own[i]);
      return;
    }
    let at = 0;
    for (let column = 0; at < inputs.length; column++) {
      const size = this.sizes[column];
      const numbers = this.numbers[column];
      for (let i = 0; i < size; i++) if (inputs[at + i] >= 0) put(inputs[at + i], numbers[k * size + i]);
      at += size;
    }
  }

  /** Run a network forward on a sample, and keep what came of it. */
  run(network, k) {
    this.each(k, (n, x) => {
      network.data[n] = x;
    });
    network.forward();
    this.losses[k] = network.data[this.graph.roots[0]];
    if (this.classifies) this.read[k] = this.predicted(network.data);
  }

  /** {count, loss, accuracy} of samples as they were read last; accuracy is null without classes. */
  means(which) {
    let [loss, right] = [0, 0];
    for (const k of which) {
      loss += this.losses[k];
      right += this.isRight(k);
    }
    const count = which.length;
    return { count, loss: loss / count, accuracy: this.classifies ? right / count : null };
  }

  /** The class that the scores among these data predict, or -1 where there are no scores. */
  predicted(data) {
    if (this.scores.length === 1) return Number(data[this.scores[0]] > this.threshold);
    let best = -1;
    for (let c = 0; c < this.scores.length; c++)
      if (best < 0 || data[this.scores[c]] > data[this.scores[best]]) best = c;
    return best;
  }

  /** Whether there is something to be right about. */
  get classifies() {
    return this.labels !== null && this.index !== null && this.scores.length > 0;
  }

  isRight(k) {
    return this.classifies && this.read[k] === this.labels[k];
  }

  /** Whether a sample is known to be taken for something else. */
  isMisread(k) {
    return this.classifies && this.read[k] >= 0 && this.read[k] !== this.labels[k];
  }

  /** The first part of a sample, such as the pixels of its image. */
  image(k) {
    return this.numbers[0].subarray(k * this.sizes[0], (k + 1) * this.sizes[0]);
  }

  /** `7`, or a name, of the class of a sample; "" without classes. */
  label(k) {
    return this.labels ? this.classes[this.labels[k]] : "";
  }
}

/** The least and the largest of numbers. */
function span(numbers) {
  let [lo, hi] = [numbers[0], numbers[0]];
  for (const x of numbers) [lo, hi] = [Math.min(lo, x), Math.max(hi, x)];
  return [lo, hi];
}

function decoded(numbers, levels) {
  return levels ? doubles(numbers, (code) => levels[code]) : numbers;
}
