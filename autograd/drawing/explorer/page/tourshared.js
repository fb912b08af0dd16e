// Stops of the tour that every graph has: an operation forward, gradients that are 0, one step.
// A stop is {id, title, words: [() => text], view, target}: what is said, with this graph's numbers as
// they are now; what is selected; and the CSS selector of what is outlined. nodes() are ringed, action is
// a button.

import { descended, steepness } from "engine/descent";
import { label, nameOf, rootName, under } from "engine/names";
import { count, short } from "engine/numbers";

/** ∂loss/∂w, as it is written. */
export const slopeOf = (graph, n) => `${under(rootName(graph))}/${under(nameOf(graph, n))}`;

/** The one of some nodes for which a number is largest; undefined where there are none. */
export function most(nodes, number) {
  let best;
  let top = Number.NEGATIVE_INFINITY;
  for (const n of nodes) {
    const x = number(n);
    if (x > top) [best, top] = [n, x];
  }
  return best;
}

export const used = (tensor) => tensor.entries.filter((n) => n >= 0);

/** The leaves that training would change: parameters, or else leaves with names. */
function parametersOf(graph) {
  const tensors = graph.tensors.filter((t) => t.parameter);
  if (tensors.length) return tensors.flatMap((t) => [...used(t)]);
  const leaves = Array.from({ length: graph.size }, (_, n) => n).filter((n) => graph.isLeaf(n));
  return leaves.filter((n) => label(graph, n));
}

/** Everything that is sent to a node: [{slot, k, y, owner, other, upstream, partial, contribution}]. */
export function sentTo({ graph, reverse }, n) {
  const found = [];
  graph.eachUse(n, (slot, k) => {
    const y = graph.slotReader[slot];
    const other = otherFactor(graph, slot, k);
    found.push({ slot, k, y, owner: graph.ownerOf(y), other, ...reverse.contribution(slot, k) });
  });
  return found.sort((a, b) => graph.placeOf[a.owner] - graph.placeOf[b.owner] || a.owner - b.owner);
}

/** What an operand is multiplied by, in a product or a sum of products; null elsewhere. */
function otherFactor(graph, slot, k) {
  const y = graph.slotReader[slot];
  if (!["mul", "dot"].includes(graph.operation(y).name)) return null;
  const [first, last] = graph.operandsOf(y);
  return graph.entriesOf(slot === graph.firstSlot[y] ? last : first)[k];
}

export function forwardStop({ graph, timeline }) {
  if (!timeline.forward.end) return null;
  const time = timeline.start + 1;
  const { stage } = timeline.forward.stepAt(1);
  const rule = () => timeline.forward.words(0, 1);
  return {
    id: "forward",
    title: "Forward: one number after the other",
    words: [
      () => `The first operation: ${rule()}.`,
      () =>
        `After ${count(timeline.forward.end, "such operation")} ${rootName(graph)} is there. Press space to watch them all, and then how the gradients come back; press it again to stop.`,
    ],
    view: { stage, node: null, show: "value", grain: "scalar", time },
    target: ".step-pane .equation, .card.frontier",
  };
}

/** Where the reverse pass begins, in a graph without a loss. */
export function resultStop(app) {
  const { graph, timeline } = app;
  const root = graph.roots[0];
  const name = nameOf(graph, root);
  return {
    id: "result",
    title: "The reverse pass begins at the result",
    words: [
      () =>
        `${name} = ${short(graph.data[root])}, made by ${count(timeline.forward.end, "operation")}. Of each number x we ask: by how much does ${name} change if x changes a little? That is ${slopeOf(graph, root).split("/")[0]}/∂x.`,
      () => `Of the result itself the answer is 1. From here it goes back, operation by operation.`,
    ],
    view: { ...viewOf(app, root), time: 0, show: "gradient" },
    target: `[data-box="n${root}"], .node-pane .facts`,
  };
}

/** Where gradients are exactly 0, and why. */
export function zeroStop(app) {
  const { graph } = app;
  const all = parametersOf(graph);
  const zeros = () => all.filter((n) => graph.adjoint[n] === 0);
  const n = most(zeros(), (v) => graph.uses()[v]);
  if (n === undefined) return null;
  const what = graph.tensors.some((t) => t.parameter) ? "parameter" : "leaf number";
  return {
    id: "zero",
    title: "Where the gradient died",
    words: [
      () =>
        `Of ${count(all.length, what)} ${count(zeros().length)} have a gradient of exactly 0: a small change of them changes nothing here, so this example teaches them nothing.`,
      () => `${nameOf(graph, n)} is one: ${reasons(app, n)}`,
    ],
    view: { ...viewOf(app, n), show: "gradient" },
    target: ".node-pane .chain",
    nodes: () => [n],
  };
}

/** Why what is sent to a node is 0. */
function reasons(app, n) {
  const found = sentTo(app, n);
  const shut = found.filter(({ upstream }) => upstream === 0).length;
  const nothing = found.filter(({ upstream, partial }) => upstream !== 0 && !partial).length;
  const parts = [];
  if (shut) parts.push(`at ${count(shut)} nothing comes back from above`);
  if (nothing) parts.push(`at ${count(nothing)} its own factor is 0`);
  if (!parts.length) return found.length ? "what comes to it cancels." : "nothing reads it.";
  return `it is used at ${count(found.length, "place")}; ${parts.join(", ")}.`;
}

/** Where a node is looked at. */
export const viewOf = ({ state, timeline }, n) => ({ stage: state.stageFor(n), node: n, time: timeline.end });

/** One step against the gradient, which can be taken. */
export function stepStop(app) {
  const { graph, live, timeline } = app;
  const nodes = parametersOf(graph).filter((n) => live.canChange(n));
  const [root] = graph.roots;
  const slope = () => steepness(graph, nodes);
  if (!nodes.length || graph.roots.length > 1 || !(slope() > 0 && Number.isFinite(slope()))) return null;
  const step = { nodes, slope, before: null };
  step.rate = 10 ** Math.floor(Math.log10((0.3 * Math.abs(graph.data[root]) + 1e-3) / slope()));
  const take = () => {
    step.before = graph.data[root];
    return live.setMany(descended(graph, nodes, step.rate), "one step down the gradient");
  };
  return {
    id: "step",
    title: "One step downhill",
    words: stepWords(graph, step),
    action: { text: "take one step", take },
    view: { stage: graph.stages.length ? graph.stages.length - 1 : null, node: null, time: timeline.end },
    target: ".edits",
  };
}

function stepWords(graph, step) {
  const { nodes, slope, rate } = step;
  const name = rootName(graph);
  const now = () => graph.data[graph.roots[0]];
  return [
    () =>
      `All ${count(nodes.length)} gradients together point where ${name} grows fastest. So go the other way: w −= η·∂${name}/∂w for every w. To first order ${name} falls by η·Σ(∂${name}/∂w)² = ${short(rate)} · ${short(slope())} = ${short(rate * slope())}.`,
    () =>
      step.before === null
        ? `${name} is ${short(now())} now.`
        : `${name} was ${short(step.before)}, and is ${short(now())}: it fell by ${short(step.before - now())}. Training is many such steps.`,
  ];
}
