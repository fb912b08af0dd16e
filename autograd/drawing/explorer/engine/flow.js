// Where the gradient goes: how large it is at each layer, and what stops it or blows it up.

import { count, short } from "engine/numbers";
import { clamp } from "engine/reversepass";

const FLAT = 0.01; // a slope below this lets next to nothing through
const FEW = 1e-3; // of the gradient of the scores: it has vanished
const MANY = 100;
const DECADES = 6; // of the bars
const GATES = new Set(["relu"]);
const SQUASHES = new Set(["tanh", "sigmoid"]);

/** The flow of a page's graph, made when it is asked for first. */
export function flowOf(app) {
  app.flow ??= new Flow(app);
  return app.flow;
}

class Flow {
  constructor({ graph, reverse, state, live }) {
    Object.assign(this, { graph, reverse, state, live, norms: [] });
    const rows = graph.stages.flatMap((s) => s.comparisons.flatMap((c) => c.rows));
    const terms = new Set(rows.map(({ term }) => term)); // of a loss: a hinge is no unit
    this.units = graph.stages.map((stage) => unitsOf(graph, stage, terms));
    const scores = graph.stages.findLast((s) => s.outputs.length && !isLoss(s));
    this.scores = scores ?? null; // the layer that the loss reads
  }

  /** ‖∂root/∂tensor‖, of several together, as much of it as has arrived. */
  norm(tensors) {
    return Math.hypot(...tensors.map((tensor) => this.#normOf(tensor)));
  }

  #normOf(tensor) {
    const key = `${this.live.version} ${this.reverse.phaseOf(tensor, this.state.time)}`;
    if (this.norms[tensor.index]?.key !== key) {
      let sum = 0;
      for (const x of this.reverse.gradientsOf(tensor)) if (!Number.isNaN(x)) sum += x * x;
      this.norms[tensor.index] = { key, norm: Math.sqrt(sum) };
    }
    return this.norms[tensor.index].norm;
  }

  /** The norm at what stages make, or null where that is no tensor. */
  at(stages) {
    const tensors = stages.flatMap((s) => s.outputs.map((t) => this.graph.tensors[t]));
    return tensors.length ? this.norm(tensors) : null;
  }

  /** How large a norm is among those of all layers, from 0 to 1, on a logarithmic scale. */
  height(norm) {
    const most = Math.max(...this.graph.stages.map((stage) => this.at([stage]) ?? 0));
    return norm > 0 ? clamp(1 + Math.log10(norm / most) / DECADES, 0.02, 1) : 0;
  }

  /** {dead, gates, flat, squashes}: units of a stage that are shut, or nearly flat. */
  shut(stage) {
    const { gates, squashes } = this.units[stage.index];
    const slope = (n) => Math.abs(this.graph.partial(this.graph.firstSlot[n], 0) ?? 0);
    const some = (units, most) => units.reduce((sum, n) => sum + (slope(n) < most), 0);
    return {
      dead: some(gates, Number.MIN_VALUE),
      gates: gates.length,
      flat: some(squashes, FLAT),
      squashes: squashes.length,
    };
  }

  /** What is wrong at a stage, in a word or two for its card; "" where all is well. */
  mark(stage) {
    const { dead, gates, flat, squashes } = this.shut(stage);
    if (gates && dead >= 0.8 * gates) return dead === gates ? "all dead" : `${percent(dead / gates)} dead`;
    if (squashes && flat >= 0.5 * squashes) return `${percent(flat / squashes)} saturated`;
    const share = this.share(stage);
    if (share === 0) return "no gradient";
    if (share !== null && share < FEW) return "vanishing";
    if (share !== null && share > MANY) return "exploding";
    return "";
  }

  /** The norm at a stage in relation to that at the scores, or null. */
  share(stage) {
    const here = isLoss(stage) ? null : this.at([stage]);
    const there = this.scores && this.at([this.scores]);
    return here === null || !there ? null : here / there;
  }

  /** What happens to the gradient in a layer, in sentences. */
  words(stage) {
    const said = [];
    const share = this.share(stage);
    if (share !== null && stage !== this.scores) said.push(arrived(share, this.scores.title));
    const { dead, gates, flat, squashes } = this.shut(stage);
    if (gates) said.push(`${of(dead, gates, "ReLU")} pass nothing back for this input.`);
    if (squashes)
      said.push(
        `${of(flat, squashes, "unit")} are saturated: with a slope below ${FLAT} they pass next to nothing.`,
      );
    return said;
  }
}

const isLoss = ({ kind }) => kind.endsWith("Loss");

/** The nodes of a stage that may shut: ReLUs, and what squashes. */
function unitsOf(graph, stage, terms) {
  const nodes = [...graph.sequence.subarray(stage.start, stage.end)].filter((n) => !terms.has(n));
  const named = (names) => nodes.filter((n) => names.has(graph.operation(n).name));
  return { gates: named(GATES), squashes: named(SQUASHES) };
}

function arrived(share, from) {
  if (share === 0) return "No gradient arrives here.";
  const digits = (x) => (x < 1e6 ? count : short)(Number(x.toPrecision(2)));
  const times = share < 1 ? `1/${digits(1 / share)} of` : `${digits(share)} times`;
  const part = digits(share) === "1" ? "about" : times;
  const norm = `the norm of the gradient is ${part} that at ${from}.`;
  if (share < FEW) return `The gradient has vanished on its way back: ${norm}`;
  return share > MANY ? `The gradient has exploded on its way back: ${norm}` : `Here ${norm}`;
}

const of = (some, all, what) => `${count(some)} of ${count(all, what)} (${percent(some / all)})`;

const percent = (share) => `${Math.round(100 * share)} %`;
