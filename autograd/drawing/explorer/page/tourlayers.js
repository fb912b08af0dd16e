// The tour of a network of layers.

import { nameOf, rootName, under } from "engine/names";
import { count, factor, sentText, short } from "engine/numbers";
import {
  forwardStop,
  most,
  resultStop,
  sentTo,
  slopeOf,
  stepStop,
  used,
  viewOf,
  zeroStop,
} from "page/tourshared";
import { className } from "panes/loss";

export const layerStops = (app) => [
  forwardStop(app),
  lossStop(app) ?? resultStop(app),
  scoresStop(app),
  weightStop(app),
  inputStop(app),
  ...gateStops(app),
  zeroStop(app),
  stepStop(app),
];

/** {target, p} of a cross-entropy whose gradients are p − y for one true class, or null. */
function classes({ graph }) {
  const { scores } = graph.header;
  const stage = graph.stages[graph.stageOf[graph.roots[0]]];
  const below = scores.filter((n) => graph.adjoint[n] < 0);
  if (stage?.kind !== "CrossEntropyLoss" || below.length !== 1) return null;
  const [target] = below;
  const p = (n) => graph.adjoint[n] + (n === target ? 1 : 0);
  const loss = graph.data[graph.roots[0]];
  const fits = Math.abs(loss + Math.log(p(target))) < 1e-6 * (1 + Math.abs(loss));
  return fits ? { target, p } : null;
}

/** The class of a score. */
const classOf = (graph, n) => className(graph, graph.placeOf[n]);

function lossStop(app) {
  const { graph, timeline } = app;
  const root = graph.roots[0];
  if (!graph.header.scores.length || graph.roots.length > 1) return null;
  const name = rootName(graph);
  const guess = () => {
    const found = classes(app);
    if (!found) return `${name} = ${short(graph.data[root])}: how wrong the result is, as one number.`;
    const { target, p } = found;
    const first = most(graph.header.scores, p);
    const wrong = first === target ? "rightly" : `but it is ${classOf(graph, target)}`;
    return `The net says ${classOf(graph, first)} with a probability of ${short(p(first))}, ${wrong}. To the true class ${classOf(graph, target)} it gives ${short(p(target))}, and ${name} = −log ${short(p(target))} = ${short(graph.data[root])}.`;
  };
  return {
    id: "loss",
    title: "How wrong is it? One number",
    words: [
      guess,
      () =>
        `Learning asks of every weight w: by how much does ${name} change if w changes a little? That is the derivative ∂${name}/∂w, and the reverse pass finds them all at once.`,
    ],
    view: { stage: graph.stageOf[root], node: null, show: "value", time: timeline.end },
    target: `[data-box="s${graph.stageOf[root]}"], .layer-pane .comparison`,
  };
}

function scoresStop(app) {
  const { graph, timeline } = app;
  const { scores } = graph.header;
  const tensor = graph.tensors[graph.tensorOf[scores[0]]];
  if (!tensor) return null;
  const strongest = most(scores, (n) => Math.abs(graph.adjoint[n]));
  const name = rootName(graph);
  const how = () => {
    const found = classes(app);
    const slope = graph.adjoint[strongest];
    if (!found)
      return `${slopeOf(graph, strongest)} = ${short(slope)}: raise this score by a little h, and ${name} changes by ${short(slope)} · h.`;
    const { target, p } = found;
    const other = most(
      scores.filter((n) => n !== target),
      p,
    );
    return `For cross-entropy it is p − y: the probability, less 1 at the true class. For ${nameOf(graph, target)} that is ${short(p(target))} − 1 = ${short(graph.adjoint[target])}: this score should rise. For ${nameOf(graph, other)} it is ${short(p(other))}: this one should fall. All of them sum to 0.`;
  };
  return {
    id: "scores",
    title: classes(app) ? "The gradient begins: p − y" : "The gradient begins at the scores",
    words: [() => `The last layer made ${count(scores.length, "score")}. First comes ∂${name}/∂score.`, how],
    view: { stage: graph.stageOf[scores[0]], node: null, show: "gradient", time: timeline.end },
    target: `.here figure[data-tensor="${CSS.escape(tensor.name)}"]`,
    nodes: () => [classes(app)?.target ?? strongest],
  };
}

const isShared = (graph) => (t) =>
  t.parameter && t.shape.length > 2 && used(t).some((n) => graph.uses()[n] > 1);

const isMatrix = (t) => t.parameter && t.shape.length > 1;

/** A weight of a convolution, used at many places; or of a dense layer, used once. */
function weightStop(app) {
  const { graph } = app;
  const kernel = graph.tensors.find(isShared(graph));
  const tensor = kernel ?? graph.tensors.find(isMatrix);
  if (!tensor) return null;
  const n = most(used(tensor), (v) => Math.abs(graph.adjoint[v]));
  return {
    id: "weight",
    title: kernel ? "One weight, all its places" : "One weight: upstream times input",
    words: kernel ? sharedWords(app, n) : matrixWords(app, n),
    view: { ...viewOf(app, n), show: "gradient" },
    target: ".node-pane .chain",
    nodes: () => [n],
  };
}

/** What sends most to a node, in words: `conv1[0,3,4] sends 0.3 · 2 = 0.6`. */
function strongestOf(app, n) {
  const found = sentTo(app, n);
  const one = found[most(found.keys(), (k) => Math.abs(found[k].contribution))];
  return `${nameOf(app.graph, one.owner)} sends ${sentText(one)}`;
}

const sharedWords = (app, n) => [
  () =>
    `The kernel slides over its input, so ${nameOf(app.graph, n)} is used at ${count(app.graph.uses()[n], "place")}. Each place sends a contribution: what comes back to it, times the number that the weight was multiplied with there.`,
  () =>
    `The strongest: ${strongestOf(app, n)}. A shared weight's gradient is the sum over all places: ${slopeOf(app.graph, n)} = ${short(app.graph.adjoint[n])}.`,
];

const matrixWords = (app, n) => [
  () =>
    `${nameOf(app.graph, n)} was multiplied with one number of the input, so that number is the derivative of the product. ${strongestOf(app, n)}.`,
  () =>
    "That is the whole gradient of a dense layer's weight: what comes back to its output, times its input.",
];

/** How gradients go back to an input: through the kernel turned round, or the matrix turned. */
function inputStop(app) {
  const { graph } = app;
  const kernels = graph.tensors.filter(isShared(graph));
  const weights = kernels.length ? kernels : graph.tensors.filter(isMatrix);
  const found = weights.map((t) => readWith(app, t)).filter(Boolean);
  const best = found.find(({ n }) => !graph.isLeaf(n)) ?? found[0];
  if (!best) return null;
  return {
    id: "input",
    title: kernels.length ? "Back through the turned kernel" : "Back through the transpose",
    words: kernels.length ? turnedWords(graph, best) : transposedWords(graph, best),
    view: { ...viewOf(app, best.n), stage: graph.stageOf[best.terms[0].y], show: "gradient" },
    target: `.layer-pane ${kernels.length ? ".flip" : ".products"}, .node-pane .chain`,
    nodes: () => [best.n],
  };
}

/** `conv2[0,0,0] met it with conv2.weight[0,0,1,1]`, of the first and the last reader. */
const meetings = (graph, terms) =>
  [terms[0], terms.at(-1)]
    .map(({ owner, other }) => `${nameOf(graph, owner)} met it with ${nameOf(graph, other)}`)
    .join(", ");

const turnedWords = (graph, { n, terms }) => [
  () =>
    `${nameOf(graph, n)} lies in ${count(terms.length, "window")} of one output channel: ${meetings(graph, terms)}. The later the window begins, the earlier the weight.`,
  () =>
    `So back to the input the gradients run through the kernel turned by 180°: ${under(rootName(graph))}/\u2060∂x[i,j] = Σ ${under(rootName(graph))}/\u2060∂z[i−u,j−v] · w[u,v]. Over all channels ${slopeOf(graph, n)} = ${short(graph.adjoint[n])}.`,
];

const transposedWords = (graph, { n, terms }) => [
  () =>
    `${nameOf(graph, n)} is read by ${count(terms.length, "output")}, each with a weight of its own: ${meetings(graph, terms)}. Forward, a row of W makes one output.`,
  () =>
    `Back, a column of W makes one input's gradient, Σ_f ${under(rootName(graph))}/\u2060∂z[f] · W[f,k]: W is transposed. ${slopeOf(graph, n)} = ${short(graph.adjoint[n])}.`,
];

/** The input that is read most often with a tensor's weights: {n, terms} of its strongest channel. */
function readWith(app, tensor) {
  const { graph } = app;
  const inputs = sentTo(app, used(tensor)[0]).map(({ other }) => other);
  const n = most(
    inputs.filter((x) => x !== null),
    (x) => graph.uses()[x] + (graph.adjoint[x] ? 0.5 : 0),
  );
  if (n === undefined) return null;
  const own = sentTo(app, n).filter(({ other }) => graph.tensorOf[other] === tensor.index);
  const of = (channel) => own.filter(({ y }) => graph.channel[y] === channel);
  const sent = (channel) => Math.abs(of(channel).reduce((sum, one) => sum + one.contribution, 0));
  const channels = new Set(own.map(({ y }) => graph.channel[y]));
  const terms = tensor.shape.length > 2 ? of(most(channels, sent)) : own;
  return terms.length > 1 ? { n, terms } : null;
}

/** Layers that stop gradients: activations that are off or flat, pools that choose. */
function gateStops(app) {
  const { graph } = app;
  const outputs = graph.stages.flatMap((s) => s.outputs.map((t) => [s, graph.tensors[t]]));
  const off = ([, t]) => used(t).filter((n) => graph.isDead(n)).length;
  const dead = most(outputs, off);
  const pool = outputs.find(([, t]) => used(t).some((n) => chosen(graph, n)));
  const stops = [];
  if (dead && off(dead)) stops.push(deadStop(app, ...dead));
  else stops.push(flatStop(app, outputs));
  if (pool) stops.push(poolStop(app, ...pool));
  return stops;
}

const chosen = (graph, n) => {
  const slot = graph.firstSlot[n];
  return slot < graph.firstSlot[n + 1] && graph.chooses(slot);
};

const gateView = ({ timeline }, stage) => ({
  stage: stage.index,
  node: null,
  show: "gradient",
  time: timeline.end,
});

const hereIs = (tensor) => `.here figure[data-tensor="${CSS.escape(tensor.name)}"]`;

function deadStop(app, stage, tensor) {
  const { graph } = app;
  const all = used(tensor);
  const off = () => all.filter((n) => graph.isDead(n)).length;
  return {
    id: "gate",
    title: "A gate: on or off",
    words: [
      () =>
        `${stage.title} passes on what is positive and makes 0 of the rest. Its derivative is 1 or 0: ${count(off())} of ${count(all.length)} entries are off (crossed), and pass nothing back.`,
      () =>
        "Where a gate is on, the gradient goes through unchanged. Look at the gradients of the layer before: they are 0 in the same places.",
    ],
    view: gateView(app, stage),
    target: hereIs(tensor),
  };
}

/** An activation such as tanh, at the entry where it is flattest. */
function flatStop(app, outputs) {
  const { graph } = app;
  const flat = outputs.filter(([s, t]) => /Tanh|Sigmoid|GELU|LeakyReLU/.test(s.kind) && used(t).length);
  if (!flat.length) return null;
  const [stage, tensor] = flat[0];
  const slope = (n) => Math.abs(graph.partial(graph.firstSlot[n], 0) ?? 0);
  const n = most(used(tensor), (v) => -slope(v));
  return {
    id: "gate",
    title: "A gate: steep or flat",
    words: [
      () =>
        `${stage.title} multiplies what comes back by its own slope. At ${nameOf(graph, n)} = ${short(graph.data[n])} the slope is ${short(slope(n))}: of what comes back so much goes on, ${sentText(sentOn(app, n))}.`,
      () => "Many flat layers one after the other make gradients vanish.",
    ],
    view: gateView(app, stage),
    target: hereIs(tensor),
    nodes: () => [n],
  };
}

const sentOn = ({ graph, reverse }, n) => reverse.contribution(graph.firstSlot[n], 0);

function poolStop(app, stage, tensor) {
  const { graph } = app;
  const all = used(tensor);
  const n = most(all, (v) => Math.abs(graph.adjoint[v]) * (graph.data[v] ? 1 : 1e-9));
  const slot = graph.firstSlot[n];
  const window = graph.entriesOf(graph.operands[slot]);
  const winner = () => window.find((_, k) => graph.partial(slot, k));
  return {
    id: "pool",
    title: "A choice: the largest takes all",
    words: [
      () =>
        `${nameOf(graph, n)} = max(${[...window]
          .slice(0, 6)
          .map((v) => short(graph.data[v]))
          .join(
            ", ",
          )}${window.length > 6 ? ", …" : ""}) = ${short(graph.data[n])}. A change of the winner changes it one to one, a change of the others not at all.`,
      () =>
        `So ${nameOf(graph, winner() ?? window[0])} gets the whole ${short(graph.adjoint[n])}, and the others of its window get ${factor(0)}. Winners are dotted.`,
    ],
    view: gateView(app, stage),
    target: `.before figure, ${hereIs(tensor)}`,
    nodes: () => [n, ...window],
  };
}
