// The card of a layer, of a module that is closed, of an input; the frame around an open module.

import { channelGrid, channelsOf } from "cards/channels";
import { flag, normLine } from "cards/norms";
import { shapeText } from "engine/names";
import { count } from "engine/numbers";
import { make } from "parts/dom";
import { Maps } from "parts/maps";
import { textWidth } from "parts/measure";
import { painterOf } from "parts/tensormap";

const THUMB = 130; // pixels
const LINE = 17;
const BOLD = "bold 14px";

export function inputCard(app, tensor) {
  const reader = app.graph.stages.find((s) => s.reads.includes(tensor.index));
  const node = tensor.entries.find((n) => n >= 0);
  const open = () => app.state.select(reader ? { stage: reader.index } : { node });
  const thumbnail = thumbnailOf(app, tensor);
  const lines = [make("b", {}, tensor.name), make("span.subtitle", {}, "input"), thumbnail?.element];
  lines.push(shapeText(tensor.shape), normLine(app, [tensor]));
  return card(`t${tensor.index}`, "card.input", open, lines, thumbnail);
}

/**
 * The card of an item of the nesting, within another or not. `turn` opens it, if it has parts; or
 * opens a layer to its channels, and closes it again.
 */
export function layerCard(app, item, outer, { turn, spread }) {
  const { graph, state } = app;
  const [stage] = item.stages;
  const own = outer && stage.path === outer.title && !item.parts;
  const output = item.stages.findLast((s) => s.outputs.length)?.outputs[0];
  const channels = item.parts ? null : channelsOf(graph, stage);
  const grid = channels && spread ? channelGrid(app, channels) : null;
  const thumbnail = grid ?? (output === undefined ? null : thumbnailOf(app, graph.tensors[output]));
  const lines = [
    make("b", { title: item.title }, own ? lastStep(graph, stage) : within(item, outer)),
    make("span.subtitle", {}, own ? "own step" : subtitle(item), item.parts ? null : flag(app, stage)),
    grid ? null : thumbnail?.element,
    item.parts ? moduleLines(graph, item) : stageLines(graph, stage),
    normLine(
      app,
      item.stages.flatMap((s) => s.outputs.map((t) => graph.tensors[t])),
    ),
  ];
  const select = () => state.select({ stage: stage.index });
  const made = card(`s${stage.index}`, `card.layer${item.parts ? ".closed" : ""}`, select, lines, thumbnail);
  const whole = grid ? spreadCard(made, grid) : made;
  if (!item.parts && !channels) return { ...whole, item, lit: made.element };
  const what = item.parts ? "its parts" : "its channels";
  const title = grid ? `close ${item.title} (shift e)` : `open ${item.title} to ${what} (e)`;
  const attributes = {
    onclick: turn,
    title,
    "aria-label": title,
    "data-key": `turn ${item.name}`,
    tabindex: -1,
  }; // Tab goes from card to card
  const button = make("button.expander", attributes, grid ? "−" : "+");
  return { ...whole, item, lit: made.element, element: make("div.module", {}, whole.element, button) };
}

/** A card with its channels below. */
function spreadCard(card, { element, width, height }) {
  card.element.style.cssText = `position:static;width:100%;height:${card.height}px`;
  return {
    ...card,
    element: make("div.spread", {}, card.element, element),
    width: Math.max(card.width, width),
    height: card.height + height,
  };
}

/** What an item is called within another: `query` within `block1.attention`. */
function within({ title }, outer) {
  return outer && title.startsWith(`${outer.title}.`) ? title.slice(outer.title.length + 1) : title;
}

/** What a module does last in a step between its parts: `add`. */
const lastStep = (graph, stage) => graph.operation(graph.sequence[stage.start]).name;

function subtitle({ parts, calls, kind, stages }) {
  if (calls) return count(calls, "call");
  if (parts) return kind;
  return stages[0].path ? kind : count(stages[0].count, "node");
}

function stageLines(graph, stage) {
  const parameters = stage.reads.map((t) => graph.tensors[t]).filter((t) => t.parameter);
  const product = stage.matrixProducts[0];
  return [
    parameters.map((t) => `${t.name.split(".").at(-1)} ${shapeText(t.shape)}`),
    product && `(${product.rows}×${product.inner})·(${product.inner}×${product.columns})`,
  ];
}

function moduleLines(graph, { stages }) {
  const read = new Set(stages.flatMap((s) => s.reads).filter((t) => graph.tensors[t].parameter));
  const parameters = [...read].reduce((sum, t) => sum + graph.tensors[t].entries.length, 0);
  const nodes = stages.reduce((sum, s) => sum + s.count, 0);
  return [
    count(stages.length, "layer"),
    parameters > 0 && count(parameters, "parameter"),
    count(nodes, "node"),
  ];
}

/** The frame of an open module, and how much room its title takes. */
export function frameOf(item, outer, close) {
  const [name, kind] = [within(item, outer), item.calls ? count(item.calls, "call") : item.kind];
  const title = `close ${item.title} (shift e)`;
  const button = make(
    "button.closer",
    { onclick: close, title, "data-key": `turn ${item.name}` },
    make("b", {}, `− ${name} `),
    kind,
  );
  const element = make("div.frame", { "data-module": item.name }, button);
  const width = textWidth(`− ${name}  ${kind}`, BOLD) + 20;
  return { id: `f${item.name}`, element, item, lit: element, title: { width, height: 24 } };
}

/** A card as tall as what it holds. */
function card(id, what, onclick, lines, thumbnail) {
  const parts = lines.flat(2).filter(Boolean);
  const elements = parts.map((part) => (part instanceof Node ? part : make("span.small", {}, part)));
  const height = 14 + elements.reduce((sum, part) => sum + Number(part.dataset.height ?? LINE), 0);
  const element = make(`button.${what}`, { onclick, "data-box": id }, elements);
  return { id, element, width: widthOf(elements), height, thumbnail };
}

/** As wide as the widest line, but no wider than a name may be. */
function widthOf(lines) {
  const style = (line) => (line.tagName === "B" ? BOLD : "12px");
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
