// The neighbourhood of the selected node as cards: some steps up and down, and more on demand.

import { groupCard, labelled, legendOf, nodeCard, updateArrows, updateCard } from "cards/nodecards";
import { around } from "engine/around";
import { nameOf } from "engine/names";
import { count } from "engine/numbers";
import { make } from "parts/dom";

export const FURTHEST = 6; // steps

/** The node in the middle: the selected one, an entry that the selected layer makes, or the root. */
export function centreOf({ graph, state }) {
  if (state.node !== null) return state.node;
  const output = graph.stages[state.stage]?.outputs[0];
  return output === undefined ? graph.roots[0] : graph.tensors[output].entries.find((n) => n >= 0);
}

export function aroundCards(app) {
  const { graph, timeline, state } = app;
  const centre = centreOf(app);
  const found = around(graph, centre, state.steps, state.more);
  const arrows = found.arrows.map((arrow) => ({ ...arrow, label: undefined }));
  labelled(app, arrows);
  const cards = found.nodes.map((n) => nodeCard(app, n));
  const boxes = cards.map((card) => withMore(app, card, found));
  const groups = found.folded.map((x) => folded(app, x, found));
  const update = (diagram) => {
    const now = timeline.stepAt(state.time);
    for (const card of cards) updateCard(app, card, now);
    updateArrows(app, arrows, diagram.paths, now);
  };
  const bar = controls(app, centre);
  const all = [...boxes, ...groups];
  return { boxes: all, arrows, anchor: [`n${centre}`], bar, update, legend: legendOf(app, all) };
}

/** Ask for more of something: `u17`, `d17`, `b42`. */
const ask = ({ state }, token) => state.set({ more: [...state.more, token] });

/** A card with buttons for what it is made of and what reads it, where that is not shown. */
function withMore(app, card, { above, below }) {
  const { node, element } = card;
  const button = (side, hidden, token, what) => {
    const title = `show ${hidden > 1 ? `some of ${count(hidden)} more` : "one more"} ${what}`;
    const onclick = () => ask(app, token);
    const text = side === "made" ? `◂ +${count(hidden)}` : `+${count(hidden)} ▸`;
    const said = `${text} ${title}`;
    return make(`button.expander.${side}`, { onclick, title, "aria-label": said, "data-key": token }, text);
  };
  const [up, down] = [above.get(node), below.get(node)];
  const wrapped = make(
    "div.module",
    {},
    element,
    up && button("made", up, `u${node}`, "that it is made of"),
    down && button("read", down, `d${node}`, "that read it"),
  );
  return { ...card, element: wrapped };
}

/** What is left of a long operand, and a button that shows more of it. */
function folded(app, x, { nodes }) {
  const shown = new Set(nodes);
  const rest = app.graph.entriesOf(x).filter((n) => !shown.has(n));
  const card = groupCard(app, x, rest);
  const title = `show ${count(Math.min(12, rest.length))} of them, the largest`;
  const button = make(
    "button.expander.read",
    { onclick: () => ask(app, `b${x}`), title, "aria-label": title, "data-key": `b${x}` },
    "+",
  );
  return { ...card, element: make("div.module", {}, card.element, button) };
}

/** How far to look. */
function controls(app, centre) {
  const { graph, state } = app;
  const button = (text, by, title) => {
    const disabled = state.steps + by < 1 || state.steps + by > FURTHEST;
    const attributes = {
      onclick: () => look(app, by),
      title,
      "aria-label": title,
      "data-key": title,
      disabled,
    };
    return make("button", attributes, text);
  };
  return make(
    "div.steps-bar",
    {},
    make("span", {}, "around ", make("b", {}, nameOf(graph, centre))),
    button("−", -1, "fewer steps (<)"),
    make("output", {}, count(state.steps, "step")),
    button("+", 1, "more steps (>)"),
    state.more.length > 0 &&
      make("button", { onclick: () => state.set({ more: [] }) }, "close what was opened"),
  );
}

/** Look some steps further, or less far. */
export function look({ state }, by) {
  const steps = Math.min(FURTHEST, Math.max(1, state.steps + by));
  if (state.cards === "around" && steps !== state.steps) state.set({ steps });
}
