// The model as cards, one for each call of a layer, with what they hand to each other.

import { flag, normLine } from "cards/norms";
import { shapeText } from "engine/names";
import { count } from "engine/numbers";
import { make } from "parts/dom";
import { Maps } from "parts/maps";
import { textWidth } from "parts/measure";
import { painterOf } from "parts/tensormap";

const THUMB = 130; // pixels
const MOST = 120; // cards; beyond, calls of one path are one card, then those of one module

export function layerCards(app) {
  const { graph } = app;
  const inputs = graph.tensors.filter((t) => t.leaf && t.parameter === false);
  const groups = folded(graph.stages);
  const cards = groups.map((group) => layerCard(app, group));
  const boxes = [...inputs.map((t) => inputCard(app, t)), ...cards];
  const update = (diagram) => {
    for (const box of boxes) box.thumbnail?.update();
    cards.forEach((card, k) => {
      mark(app, card.element.classList, groups[k]);
    });
    const chosen = groups.find((group) => group.some((s) => s.index === app.state.stage));
    if (chosen) diagram.reveal(`s${chosen[0].index}`);
  };
  return { boxes, arrows: arrowsOf(graph, inputs, groups), update };
}

/** The stages in groups: one each, or where they are too many by path, or by a part of the path. */
function folded(stages) {
  if (stages.length <= MOST) return stages.map((s) => [s]);
  const deepest = Math.max(...stages.map((s) => s.path.split(".").length));
  let groups = [];
  for (let depth = deepest; depth > 0; depth--) {
    const keyed = new Map();
    for (const stage of stages) {
      const key = stage.path.split(".").slice(0, depth).join(".") || stage.kind;
      keyed.set(key, [...(keyed.get(key) ?? []), stage]);
    }
    groups = [...keyed.values()];
    if (groups.length <= MOST) break;
  }
  return groups;
}

/** Light a card by how far the pass that is under way has come. */
function mark({ state, timeline }, classList, group) {
  const now = timeline.isUnderWay(state.time) ? timeline.stageAt(state.time) : null;
  const shares = group.map((s) => timeline.shareOf(s, state.time));
  const done = shares.filter((share) => share === 1).length;
  const begun = shares.filter((share) => share > 0).length;
  classList.toggle("done", done === group.length);
  classList.toggle("active", begun > done);
  classList.toggle("frontier", now !== null && group.some((s) => s.index === now));
  classList.toggle(
    "selected",
    group.some((s) => s.index === state.stage),
  );
}

function arrowsOf(graph, inputs, groups) {
  const boxOf = new Map(groups.flatMap((group) => group.map((s) => [s.index, `s${group[0].index}`])));
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

// --- cards -----------------------------------------------------------------------------------------

function inputCard(app, tensor) {
  const reader = app.graph.stages.find((s) => s.reads.includes(tensor.index));
  const node = tensor.entries.find((n) => n >= 0);
  const open = () => app.state.select(reader ? { stage: reader.index } : { node });
  const thumbnail = thumbnailOf(app, tensor);
  const lines = [make("b", {}, tensor.name), make("span.subtitle", {}, "input"), thumbnail?.element];
  lines.push(shapeText(tensor.shape), normLine(app, [tensor]));
  return card(`t${tensor.index}`, "card.input", open, lines, thumbnail);
}

function layerCard(app, group) {
  const { graph, state } = app;
  const [stage] = group;
  const several = group.length > 1;
  const tensors = several ? [] : stage.reads.map((t) => graph.tensors[t]);
  const output = graph.tensors[stage.outputs[0]];
  const product = several ? undefined : stage.matrixProducts[0];
  const thumbnail = output && thumbnailOf(app, output);
  const nodes = group.reduce((sum, s) => sum + s.count, 0);
  const lines = [
    make("b", {}, several ? stage.path || stage.title : stage.title),
    make(
      "span.subtitle",
      {},
      several ? count(group.length, "call") : stage.path ? stage.kind : count(nodes, "node"),
      several ? null : flag(app, stage),
    ),
    thumbnail?.element,
    tensors.filter((t) => t.parameter).map((t) => `${t.name.split(".").at(-1)} ${shapeText(t.shape)}`),
    product && `(${product.rows}×${product.inner})·(${product.inner}×${product.columns})`,
    normLine(
      app,
      group.flatMap((s) => s.outputs.map((t) => graph.tensors[t])),
    ),
  ];
  const open = () => state.select({ stage: stage.index });
  return card(`s${stage.index}`, "card.layer", open, lines, thumbnail);
}

/** A card as tall as what it holds. */
function card(id, what, onclick, lines, thumbnail) {
  const parts = lines.flat().filter(Boolean);
  const elements = parts.map((part) => (part instanceof Node ? part : make("span.small", {}, part)));
  const height = 14 + elements.reduce((sum, part) => sum + Number(part.dataset.height ?? 17), 0);
  const element = make(`button.${what}`, { onclick, "data-box": id }, elements);
  return { id, element, width: widthOf(elements), height, thumbnail };
}

/** As wide as the widest line, but no wider than a name may be. */
function widthOf(lines) {
  const style = (line) => (line.tagName === "B" ? "bold 14px" : "12px");
  const widths = lines.map((line) => textWidth(line.textContent, style(line)));
  return Math.max(160, Math.min(360, 18 + Math.max(...widths)));
}

/** The first channels, small, as the state wants them shown. */
function thumbnailOf(app, tensor) {
  const { shape, entries } = tensor;
  if (shape.at(-1) > 64 || (shape.at(-2) ?? 1) > 64) return null;
  const [rows, cols] = [shape.length > 1 ? shape.at(-2) : 1, shape.at(-1)];
  const fits = Math.max(1, Math.floor(THUMB / (cols + 3)));
  const tiles = Math.min(entries.length / (rows * cols), 2 * fits, 12);
  const maps = new Maps({ shape: [tiles, rows, cols], width: THUMB });
  const height = Math.min(maps.picture.height, 80);
  maps.picture.style.maxHeight = `${height}px`;
  const first = { ...tensor, entries: entries.subarray(0, tiles * rows * cols) };
  const update = painterOf(app, first, maps);
  return { element: make("span.thumbnail", { "data-height": height + 6 }, maps.picture), update };
}
