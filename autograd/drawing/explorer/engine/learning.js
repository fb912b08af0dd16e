// Stochastic gradient descent on the samples, one after the other through a network of its own:
// w −= η · mean over the batch of ∂loss/∂w.

import { shuffled, uniform } from "engine/chance";
import { doubles } from "engine/indices";

export const USUAL = { rate: 0.1, batch: 16, seed: 0 };
const POINTS = 400; // of the curve; of more than that, every other is left out

export class Learner {
  constructor(graph, samples) {
    Object.assign(this, { graph, samples });
    this.network = graph.numbers.twin();
    this.gradient = new Float64Array(graph.parameters.length);
    this.settings = { ...USUAL };
    this.restart();
  }

  /** Begin anew, in the order of the seed; the parameters stay as they are. */
  restart() {
    Object.assign(this, { seen: 0, steps: 0, curve: [], every: 1, failed: "" });
    this.work = this.#training();
  }

  /** How often all samples were seen. */
  get epochs() {
    return this.seen / this.samples.training.length;
  }

  /** Take what others changed in the graph's leaves; what is learned since it was told goes on. */
  pull() {
    const { network, graph, told } = this;
    const learned = doubles(graph.parameters, (n) => network.data[n]);
    network.data.set(graph.data);
    graph.parameters.forEach((n, i) => {
      if (graph.data[n] === told?.[i]) network.data[n] = learned[i];
    });
  }

  /** [[parameter, number], ...] as they are now, for the graph. */
  tell() {
    this.told = doubles(this.graph.parameters, (n) => this.network.data[n]);
    return Array.from(this.graph.parameters, (n, i) => [n, this.told[i]]);
  }

  /** Learn for some milliseconds; what is begun goes on at the next call. */
  run(milliseconds) {
    const end = performance.now() + milliseconds;
    do this.work.next();
    while (!this.failed && performance.now() < end);
  }

  /** Learn until so many steps are done. */
  runTo(steps) {
    while (!this.failed && this.steps < steps) this.work.next();
  }

  // --- the work, sample by sample ------------------------------------------------------------------

  *#training() {
    const { training, held } = this.samples;
    const next = uniform(this.settings.seed);
    const often = Math.max(2 * held.length, training.length / 4); // samples between two points
    yield* this.#measured([]);
    let since = [];
    for (;;) {
      const order = shuffled(training, 0, next);
      while (order.length) {
        const batch = order.splice(0, this.settings.batch);
        yield* this.#step(batch);
        since.push(...batch);
        if (since.length < often * this.every) continue;
        yield* this.#measured(since);
        since = [];
      }
    }
  }

  /** One update from a batch; none where the loss or its gradient is not finite. */
  *#step(batch) {
    const { network, gradient, graph, samples } = this;
    gradient.fill(0);
    let loss = 0;
    for (const k of batch) {
      samples.run(network, k);
      network.reverse();
      loss += samples.losses[k];
      for (let i = 0; i < gradient.length; i++) gradient[i] += network.adjoint[graph.parameters[i]];
      yield;
    }
    if (!Number.isFinite(loss) || !gradient.every(Number.isFinite)) {
      this.failed = `after ${this.steps} steps the loss or its gradient is not finite: try a smaller η`;
      return;
    }
    const rate = this.settings.rate / batch.length;
    for (let i = 0; i < gradient.length; i++) network.data[graph.parameters[i]] -= rate * gradient[i];
    this.steps++;
    this.seen += batch.length;
  }

  /** A point of the curve: the samples since the last one, and those that are held out. */
  *#measured(since) {
    const { samples, network, curve } = this;
    for (const k of samples.held) {
      samples.run(network, k);
      yield;
    }
    curve.push({ epochs: this.epochs, training: samples.means(since), held: samples.means(samples.held) });
    if (curve.length < POINTS) return;
    this.curve = curve.filter((_, k) => k % 2 === 0);
    this.every *= 2;
  }
}
