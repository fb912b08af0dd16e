// How all samples are read with the parameters as they are: in slices, those that are seen first.

import { doubles } from "engine/indices";

export class Evaluation {
  constructor(graph, samples) {
    Object.assign(this, { graph, samples, order: [], at: 0 });
    this.network = graph.numbers.twin();
    this.parameters = new Float64Array(0);
  }

  /** Whether the parameters are others than those that were evaluated last. */
  get isStale() {
    const { parameters, graph } = this;
    return graph.parameters.some((n, i) => graph.data[n] !== parameters[i]) || !this.order.length;
  }

  get isDone() {
    return this.at === this.order.length;
  }

  /** Begin with some of the samples. */
  begin(first) {
    const { graph, samples } = this;
    this.parameters = doubles(graph.parameters, (n) => graph.data[n]);
    this.network.data.set(graph.data);
    this.order = [...new Set([...first, ...samples.training, ...samples.held])];
    this.at = 0;
  }

  /** Go on for some milliseconds. */
  run(milliseconds) {
    const end = performance.now() + milliseconds;
    while (!this.isDone && performance.now() < end) this.samples.run(this.network, this.order[this.at++]);
  }
}
