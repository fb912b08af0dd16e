// The tour of an expression, node by node.

import { nameOf, rootName } from "engine/names";
import { count, factor, sentText, short } from "engine/numbers";
import { forwardStop, most, resultStop, sentTo, slopeOf, stepStop, viewOf, zeroStop } from "page/tourshared";

export const nodeStops = (app) => [
  forwardStop(app),
  resultStop(app),
  chainStop(app),
  factorStop(app),
  sumStop(app),
  slopeStop(app),
  pathStop(app),
  zeroStop(app),
  stepStop(app),
];

const operations = ({ sequence }) => [...sequence].reverse();

/** The first contribution that changes the size of what comes: the chain rule. */
function chainStop({ graph, reverse, timeline, state }) {
  if (!reverse.end) return null;
  const interesting = ({ contribution, partial }) => contribution && Math.abs(partial) !== 1;
  const times = Array.from({ length: Math.min(reverse.end, 500) }, (_, t) => t + 1);
  const time = times.find((t) => interesting(reverse.stepAt(t))) ?? 1;
  const { slot, k, x, y } = reverse.stepAt(time);
  return {
    id: "chain",
    title: "The chain rule, once",
    words: [
      () =>
        `${nameOf(graph, y)} was made from ${nameOf(graph, x)}. What reached ${nameOf(graph, y)} is multiplied by the derivative of this one operation: ${sentText(reverse.contribution(slot, k))}.`,
      () => `Upstream times local: that is the whole of backpropagation, ${count(timeline.end)} times over.`,
    ],
    view: {
      stage: state.stageFor(x),
      node: graph.isSmall ? null : x,
      show: "gradient",
      grain: "scalar",
      time,
    },
    target: ".card.frontier, .words",
  };
}

/** A product: each factor's derivative is the other factor. */
function factorStop(app) {
  const { graph } = app;
  const y = operations(graph).find(
    (n) => ["mul", "dot"].includes(graph.operation(n).name) && graph.adjoint[n],
  );
  if (y === undefined) return null;
  const [a, b] = [...graph.operandsOf(y)].map((x) => graph.entriesOf(x)[0]);
  const one = () => sentTo(app, a).find((s) => s.y === y);
  return {
    id: "factor",
    title: "A product: each gets the other",
    words: [
      () =>
        `In ${nameOf(graph, y)} ${nameOf(graph, a)} is multiplied by ${nameOf(graph, b)} = ${short(graph.data[b])}. If it grows by h, the product grows by ${short(graph.data[b])} · h: the derivative by one factor is the other factor.`,
      () => `So it is sent ${sentText(one())}.`,
    ],
    view: { ...viewOf(app, a), show: "gradient" },
    target: ".node-pane .chain",
  };
}

/** A number that is read more than once: its contributions add up. */
function sumStop(app) {
  const { graph } = app;
  const nodes = Array.from({ length: graph.size }, (_, n) => n);
  const n = most(nodes, (v) => (graph.adjoint[v] ? graph.uses()[v] : 0));
  if (!(graph.uses()[n] > 1)) return null;
  const terms = () => sentTo(app, n).map(({ contribution }) => contribution);
  const few = () =>
    terms()
      .slice(0, 6)
      .map((x, k) => (k ? factor(x) : short(x)));
  return {
    id: "sum",
    title: "Used twice: contributions add up",
    words: [
      () =>
        `${nameOf(graph, n)} is read ${count(terms().length)} times. Each reader sends its own contribution, and they add up: ${few().join(" + ")}${terms().length > 6 ? " + …" : ""} = ${short(graph.adjoint[n])}.`,
    ],
    view: { ...viewOf(app, n), show: "gradient" },
    target: ".node-pane .chain",
  };
}

/** The operation of one operand that passes on least. */
function slopeStop(app) {
  const { graph, reverse } = app;
  const unary = operations(graph).filter((n) => {
    const operands = graph.operandsOf(n);
    return operands.length === 1 && operands[0] < graph.size && graph.operation(n).name !== "neg";
  });
  const slope = (n) => Math.abs(graph.partial(graph.firstSlot[n], 0) ?? 0);
  const n = most(unary, (v) => -slope(v));
  if (n === undefined) return null;
  const name = nameOf(graph, n);
  return {
    id: "gate",
    title: slope(n) ? "A gate: steep or flat" : "A gate that is shut",
    words: [
      () =>
        `${name}, a ${graph.operation(n).name}, has the slope ${short(slope(n))} where it is: it hands on ${sentText(reverse.contribution(graph.firstSlot[n], 0))}.`,
      () =>
        slope(n) < 0.1
          ? "Where a function is flat, little or nothing goes back: all that lies before it hardly learns."
          : "The steeper a function is, the more goes back.",
    ],
    view: { ...viewOf(app, n), show: "gradient" },
    target: ".node-pane .made, .node-pane .facts",
  };
}

function pathStop(app) {
  const { graph } = app;
  const leaves = Array.from({ length: graph.size }, (_, n) => n).filter((v) => graph.isLeaf(v));
  const n = most(leaves, (v) => Math.abs(graph.adjoint[v]));
  if (n === undefined || !graph.adjoint[n]) return null;
  return {
    id: "paths",
    title: "Along which ways",
    words: [
      () =>
        `${nameOf(graph, n)} moves ${rootName(graph)} most: ${slopeOf(graph, n)} = ${short(graph.adjoint[n])}. Along each way to the result the derivatives multiply, and over all ways they add up. Below are the strongest, and what they carry.`,
    ],
    view: { ...viewOf(app, n), show: "gradient" },
    target: ".node-pane .strongest",
  };
}
