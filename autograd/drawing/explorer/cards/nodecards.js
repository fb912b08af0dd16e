// A small graph as cards, one for each node. A sequence of leaves that one operand holds, such as the
// weights of a row, is one card.

import { look, widest } from "cards/arrows";
import { cardsLegend } from "cards/legend";
import { slopeText } from "engine/formulas";
import { isInfix, label, nameOf, numberOf, sequenceName, signOf, termOf } from "engine/names";
import { count, sentText, short } from "engine/numbers";
import { make } from "parts/dom";
import { LONGEST, textWidth } from "parts/measure";

const BUSY = 150; // arrows, beyond which they have no labels
const BOLD = "bold 14px";
const FRAME = 18; // pixels: padding and border of a card
const WIDE = 420; // pixels: longer names end in an ellipsis

export function nodeCards(app) {
  const { graph, timeline, state } = app;
  const arrows = arrowsOf(app);
  const ids = new Set([...graph.roots, ...arrows.flatMap(({ from, to }) => [from, to])].map(String));
  const nodes = Array.from({ length: graph.size }, (_, n) => n);
  const cards = nodes.filter((n) => ids.has(`n${n}`) || graph.roots.includes(n)).map((n) => nodeCard(app, n));
  const groups = [...ids].filter((id) => id.startsWith("b")).map((id) => groupCard(app, Number(id.slice(1))));
  labelled(app, arrows);
  const update = (diagram) => {
    const now = timeline.stepAt(state.time);
    for (const card of cards) updateCard(app, card, now);
    updateArrows(app, arrows, diagram.paths, now);
    const looked = now?.x ?? now?.y;
    if (ids.has(`n${looked}`)) diagram.reveal(`n${looked}`);
  };
  const boxes = [...cards, ...groups];
  return { boxes, arrows, update, legend: legendOf(app, boxes) };
}

/** A legend for cards of nodes. */
export const legendOf = ({ graph }, boxes) =>
  cardsLegend(new Set(boxes.map((box) => roleOf(graph, box.node))));

/** What kind of node a card shows, as drawings tell them apart. */
function roleOf(graph, n) {
  if (!graph.isLeaf(n)) return "operation";
  if (graph.tensors[graph.tensorOf[n]]?.parameter) return "parameter";
  return label(graph, n) ? "input" : "constant";
}

/** An arrow for each operand; one for a whole sequence of leaves. */
function arrowsOf({ graph }) {
  const arrows = [];
  for (let slot = 0; slot < graph.operands.length; slot++) {
    const [x, to] = [graph.operands[slot], `n${graph.slotReader[slot]}`];
    const entries = graph.entriesOf(x);
    if (x >= graph.size && entries.length > 2 && entries.every((n) => graph.isLeaf(n)))
      arrows.push({ from: `b${x}`, to, slot, k: entries.length - 1, folded: true });
    else
      entries.forEach((n, k) => {
        arrows.push({ from: `n${n}`, to, slot, k });
      });
  }
  return arrows;
}

/** Write its contribution at each arrow from one node, unless they are too many. */
export function labelled({ reverse }, arrows) {
  if (arrows.length > BUSY) return;
  for (const arrow of arrows)
    if (!arrow.folded) arrow.label = contributionLabel(reverse, arrow.slot, arrow.k);
}

export function updateCard({ graph, reverse, state }, { node, gradient, element }, now) {
  const { sum, made, all } = reverse.sumOf(node);
  gradient.textContent = made || (graph.roots.includes(node) && state.time >= 0) ? short(sum) : "—";
  element.classList.toggle("done", state.time < 0 ? !graph.isWaiting(node) : made === all);
  element.classList.toggle("frontier", now !== null && (now.x === node || now.y === node));
  element.classList.toggle("selected", state.node === node);
}

/** The arrows as they are at a time, each as wide as what it sends is large among them. */
export function updateArrows(app, arrows, paths, now) {
  const { graph, reverse } = app;
  const sent = arrows.map(({ slot, k }) => ({
    constant: roleOf(graph, graph.entriesOf(graph.operands[slot])[k]) === "constant",
    ...reverse.contribution(slot, k),
  }));
  const most = widest(sent.filter((_, i) => !arrows[i].folded));
  arrows.forEach((arrow, i) => {
    updateArrow(app, arrow, paths[i], now, { most, sent: sent[i].contribution });
  });
}

function updateArrow({ graph, reverse, state }, { slot, k, label: text, folded }, path, now, { sent, most }) {
  const reader = graph.slotReader[slot];
  const back = state.time >= 0;
  const done = back ? reverse.timeOf(slot, k) < state.time : !graph.isWaiting(reader);
  const here = now && (now.reads ? now.y === reader : now.slot === slot && (now.k === k || !text));
  path.classList.toggle("done", done);
  path.classList.toggle("frontier", Boolean(here));
  text?.element.classList.toggle("unseen", !done || !back);
  if (!folded) look(path, text?.element, done && back ? sent : null, most);
}

/** `upstream · partial = contribution`, and beside the mouse the partial's formula. */
function contributionLabel(reverse, slot, k) {
  const text = () => sentText(reverse.contribution(slot, k));
  const slope = () => slopeText(reverse.graph, slot, reverse.contribution(slot, k).partial ?? 0);
  const title = () => `upstream · partial = contribution; the partial is ${slope()}`;
  const element = make("div.contribution", { title }, text);
  return { element, width: textWidth(text(), "bold 11px") + 12, height: 21 };
}

export function nodeCard(app, n) {
  const { graph, state } = app;
  const leaf = graph.isLeaf(n);
  const gradient = make("b.gradient", {}, "—");
  const title = leaf ? label(graph, n) || `constant n${n}` : written(graph, n);
  const symbol = title.includes(" = ") || leaf ? null : make("span.symbol", {}, signOf(graph, n));
  const row = (name, value) => make("span.row", {}, make("span", {}, name), value);
  const element = make(
    `button.card.node.${leaf ? "leaf." : ""}${roleOf(graph, n)}${graph.roots.includes(n) ? ".root" : ""}`,
    { onclick: () => state.select({ node: n }), "data-box": `n${n}` },
    make("span.row", {}, make("b", {}, title), symbol),
    row(
      "value",
      make("b.value", {}, () => numberOf(graph, n)),
    ),
    row("grad", gradient),
  );
  const width = widthOf(title, symbol ? signOf(graph, n) : "", [numberOf(graph, n), LONGEST]);
  return { id: `n${n}`, element, width, height: 66, node: n, gradient };
}

/** As wide as its widest row: numbers are never cut. */
function widthOf(title, sign, numbers) {
  const name = Math.min(WIDE, textWidth(title, BOLD) + (sign ? textWidth(sign, BOLD) + 10 : 0));
  const rows = numbers.map((text) => textWidth("value") + 10 + textWidth(text, BOLD));
  return FRAME + Math.max(name, ...rows);
}

/** A sequence of numbers that one operand holds, or some of it. */
export function groupCard({ graph, state }, x, entries = graph.entriesOf(x)) {
  const leaves = entries.every((n) => graph.isLeaf(n));
  const size = count(entries.length, leaves ? "leaf number" : "number");
  const title = sequenceName(graph, entries);
  const element = make(
    `button.card.node.${leaves ? "leaf." : ""}${roleOf(graph, entries[0])}`,
    { onclick: () => state.select({ node: entries[0] }), "data-box": `b${x}` },
    make("span.row", {}, make("b", {}, title)),
    make("span.row.small", {}, size),
  );
  const width = FRAME + Math.max(Math.min(WIDE, textWidth(title, BOLD)), textWidth(size, "12px"));
  return { id: `b${x}`, element, width, height: 48, node: entries[0] };
}

/** An operation as it was written: `c = a × b`. */
function written(graph, n) {
  const operands = [...graph.operandsOf(n)];
  if (operands.some((x) => x >= graph.size)) return nameOf(graph, n);
  const terms = operands.map((x) => termOf(graph, x));
  const sign = signOf(graph, n);
  const text = isInfix(graph, n) ? terms.join(` ${sign} `) : `${sign}(${terms.join(", ")})`;
  const long = `${nameOf(graph, n)} = ${text}`;
  return long.length < 28 ? long : nameOf(graph, n);
}
