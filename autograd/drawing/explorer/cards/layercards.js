// The model as cards: one for each call of a layer, or for a module that is closed, with what they
// hand to each other. What is open has a frame around its parts.

import { channelsOf } from "cards/channels";
import { frameOf, inputCard, layerCard } from "cards/layercard";
import { shapeText } from "engine/names";
import { Nesting } from "engine/nesting";
import { count } from "engine/numbers";
import { make } from "parts/dom";
import { textWidth } from "parts/measure";

export function layerCards(app) {
  const { graph } = app;
  const opened = openedNames(app);
  const { items, frames } = nestingOf(graph).visible(opened);
  const outer = new Map(frames.flatMap(({ item }) => item.parts.map((part) => [part, item])));
  const cards = items.map((item) => {
    const spread = opened.includes(nameOf(item));
    return layerCard(app, item, outer.get(item), { spread, turn: () => turn(app, item) });
  });
  const inputs = graph.tensors.filter((t) => t.leaf && t.parameter === false);
  const boxes = [...inputs.map((t) => inputCard(app, t)), ...cards];
  const around = framesOf(app, frames, outer, new Map(items.map((item, k) => [item, cards[k].id])));
  const boxOf = new Map(items.flatMap((item, k) => item.stages.map((s) => [s.index, cards[k].id])));
  const turned = app.turned;
  app.turned = undefined;
  const update = updater(app, boxes, [...cards, ...around], turned?.item);
  const arrows = arrowsOf(graph, inputs, boxOf);
  return { boxes, arrows, frames: around, anchor: turned?.anchor, update };
}

/**
 * Paint and mark what is shown, and reveal the selected layer whenever that is another one; but who
 * has just turned to a module that it is not in looks there.
 */
function updater(app, boxes, marked, turned) {
  const isChosen = (item) => item?.stages.some((s) => s.index === app.state.stage);
  const chosen = () => boxes.find(({ item }) => isChosen(item))?.id;
  let revealed = turned && !isChosen(turned) ? chosen() : undefined;
  return (diagram) => {
    for (const box of boxes) box.thumbnail?.update();
    for (const { lit, item } of marked) mark(app, lit.classList, item.stages);
    if (chosen() === revealed) return;
    revealed = chosen();
    diagram.reveal(revealed);
  };
}

const nestingOf = (graph) => (graph.nesting ??= new Nesting(graph));

/** The names of what is open: as the reader chose, or as it is usual. */
export const openedNames = ({ graph, state }) => state.opened ?? nestingOf(graph).usual;

/** By which name an item is open: one without parts is open to its channels. */
const nameOf = (item) => item.name ?? `${item.title}[]`;

/** Open or close a module, or a layer to its channels. */
function turn(app, item) {
  const opened = openedNames(app);
  const name = nameOf(item);
  app.turned = { item, anchor: [`f${name}`, `s${item.stages[0].index}`] }; // what stays where it is
  app.state.set({ opened: opened.includes(name) ? opened.filter((o) => o !== name) : [...opened, name] });
}

/** Open what the selected layer is in, at last itself; or close what was opened last of these. */
export function turnSelected(app, open) {
  const { graph, state } = app;
  const stage = graph.stages[state.stage];
  if (!stage) return;
  const opened = openedNames(app);
  const itself = channelsOf(graph, stage) ? [{ title: stage.title, stages: [stage] }] : [];
  const all = [...nestingOf(graph).around(stage), ...itself];
  const shut = all.findIndex((item) => !opened.includes(nameOf(item)));
  const item = open ? all[shut] : all[(shut < 0 ? all.length : shut) - 1];
  if (item) turn(app, item);
}

/** Frames around the cards of open modules, the outermost first; `ids` are those of the cards. */
function framesOf(app, frames, outer, ids) {
  return frames.map(({ item, items }) => ({
    ...frameOf(item, outer.get(item), () => turn(app, item)),
    ids: item.parts.filter((part) => ids.has(part)).map((part) => ids.get(part)),
    all: items.map((one) => ids.get(one)),
    parent: frames.findIndex((frame) => frame.item === outer.get(item)),
  }));
}

/** Light a card by how far the pass that is under way has come. */
function mark({ state, timeline }, classList, stages) {
  const now = timeline.isUnderWay(state.time) ? timeline.stageAt(state.time) : null;
  const shares = stages.map((s) => timeline.shareOf(s, state.time));
  const done = shares.filter((share) => share === 1).length;
  const begun = shares.filter((share) => share > 0).length;
  classList.toggle("done", done === stages.length);
  classList.toggle("active", begun > 0 && done < stages.length);
  classList.toggle("frontier", now !== null && stages.some((s) => s.index === now));
  classList.toggle(
    "selected",
    stages.some((s) => s.index === state.stage),
  );
}

function arrowsOf(graph, inputs, boxOf) {
  const arrows = new Map();
  const add = (from, to, text) => {
    if (from !== to && !arrows.has(`${from} ${to}`)) arrows.set(`${from} ${to}`, { from, to, text });
  };
  for (const stage of graph.stages) {
    const to = boxOf.get(stage.index);
    for (const t of stage.reads)
      if (inputs.includes(graph.tensors[t])) add(`t${t}`, to, shapeText(graph.tensors[t].shape));
    for (const [k, n] of stage.predecessors) add(boxOf.get(k), to, passed(graph, k, n));
  }
  return [...arrows.values()].map(({ from, to, text }) => ({ from, to, label: shapes(text) }));
}

/** The shape of what one layer hands to another, forward, and of its gradient, back. */
function shapes(text) {
  const width = textWidth(`← ∂ ${text}`, "11px") + 14;
  const forward = make("span", { title: "forward" }, `${text} →`);
  const back = make("span.back", { title: "its gradient" }, `← ∂ ${text}`);
  return { element: make("div.shapes", {}, forward, back), width, height: 34 };
}

function passed(graph, k, n) {
  const tensor = graph.tensors[graph.stages[k].outputs[0]];
  const whole = tensor && tensor.entries.length === n;
  return whole ? shapeText(tensor.shape) : count(n);
}
