// Where the gradient goes: how large it is at each layer, and what stops it or blows it up.

import { count, short } from "engine/numbers";

const FLAT = 0.01; // a slope below this lets next to nothing through
const FEW = 1e-3; // of the gradient of the scores: it has vanished
const MANY = 100;
const GATES = new Set(["relu"]);
const SQUASHES = new Set(["tanh", "sigmoid"]);

export class Flow {
  constructor({ graph, reverse }) {
    Object.assign(this, { graph, reverse });
    this.units = graph.stages.map((stage) => unitsOf(graph, stage));
    this.last = graph.stages.findLast((s) => s.outputs.length && !isLoss(s))?.index ?? -1;
  }

  /** ‖∂root/∂entries‖ of tensors; of a layer without them, of the roots in it. */
  norm(tensors) {
    const { adjoint } = this.graph;
    let sum = 0;
    for (const { entries } of tensors) for (const n of entries) if (n >= 0) sum += adjoint[n] ** 2;
    return Math.sqrt(sum);
  }

  /** The gradient's size at what a stage makes, or null where that is no tensor. */
  at({ outputs }) {
    return outputs.length ? this.norm(outputs.map((t) => this.graph.tensors[t])) : null;
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

  /** The gradient's size in relation to that of the scores, or null. */
  share(stage) {
    const [here, there] = [this.at(stage), this.last < 0 ? null : this.at(this.graph.stages[this.last])];
    return here === null || !there || isLoss(stage) ? null : here / there;
  }

  /** What happens to the gradient in a layer, in sentences. */
  words(stage) {
    const { graph } = this;
    const said = [];
    const share = this.share(stage);
    const own = stage.index === this.last;
    if (share !== null && !own) said.push(arrived(share, graph.stages[this.last].title));
    const { dead, gates, flat, squashes } = this.shut(stage);
    if (gates) said.push(`${of(dead, gates, "ReLU")} pass nothing back for this input.`);
    if (squashes)
      said.push(
        `${of(flat, squashes, "unit")} are saturated: their slope is below ${FLAT}, so they pass less than a hundredth.`,
      );
    return said;
  }
}

const isLoss = ({ kind }) => kind.endsWith("Loss");

/** The nodes of a stage that may shut: ReLUs, and what squashes. */
function unitsOf(graph, stage) {
  const nodes = [...graph.sequence.subarray(stage.start, stage.end)];
  const named = (names) => nodes.filter((n) => names.has(graph.operation(n).name));
  return { gates: named(GATES), squashes: named(SQUASHES) };
}

function arrived(share, from) {
  if (share === 0) return "No gradient arrives here at all.";
  const part =
    share < 1
      ? `1/${short(Number((1 / share).toPrecision(2)))} of`
      : `${short(Number(share.toPrecision(2)))} times`;
  const fate =
    share < FEW
      ? "It has vanished on its way back: "
      : share > MANY
        ? "It has exploded on its way back: "
        : "";
  const sentence = `the gradient that arrives here is ${part} that of ${from}.`;
  return fate ? fate + sentence : sentence[0].toUpperCase() + sentence.slice(1);
}

const of = (some, all, what) => `${count(some)} of ${count(all, what)} (${percent(some / all)})`;

const percent = (share) => `${Math.round(100 * share)} %`;
