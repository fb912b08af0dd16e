// The upper half of the page: the model as cards of layers, a small graph as cards of nodes, or the
// neighbourhood of the node that is looked at.

import { aroundCards, centreOf, FURTHEST } from "cards/aroundcards";
import { Diagram } from "cards/diagram";
import { layerCards, openedNames } from "cards/layercards";
import { nodeCards } from "cards/nodecards";
import { clamp } from "engine/reversepass";
import { onTheme } from "parts/colors";
import { refresh } from "parts/dom";
import { heldFocus } from "parts/focus";

const STEPS = 2; // around a node, to begin with

/** What each view draws, how it is called, and what it has to be drawn anew for. */
const VIEWS = {
  layers: { cards: layerCards, label: "the model, by layers", key: (app) => openedNames(app).join(";") },
  around: {
    cards: aroundCards,
    label: "what is around the node that is looked at",
    key: (app) => [centreOf(app), app.state.steps, ...app.state.more].join(" "),
  },
  nodes: { cards: nodeCards, label: "the graph, node by node", key: () => "" },
};

/** Draw the graph as the state wants it, and again when that changes. */
export async function drawCards(app) {
  const { state } = app;
  let update = () => {};
  let shown = "";
  const keyNow = () => `${state.cards} ${VIEWS[state.cards].key(app)}`;
  linked(state);
  const draw = async () => {
    const key = keyNow();
    const same = shown.split(" ")[0] === state.cards;
    shown = key;
    const view = VIEWS[state.cards].cards(app);
    document.body.classList.toggle("nodes", state.cards !== "layers");
    document.body.classList.toggle("framed", Boolean(view.frames?.length));
    const diagram = new Diagram(VIEWS[state.cards].label);
    const anchor = same && app.diagram?.anchor(view.anchor ?? []);
    update = () => {};
    const giveFocus = heldFocus(app.top);
    const put = (element) => {
      if (shown === key) app.top.replaceChildren(...[view.bar, element, view.legend].filter(Boolean));
    };
    await diagram.show(view.boxes, view.arrows, view.frames, put);
    if (shown !== key) return; // another drawing was asked for meanwhile
    if (anchor) diagram.hold(view.anchor, anchor);
    else if (view.anchor) diagram.reveal(view.anchor[0]);
    app.diagram = diagram;
    update = () => {
      view.update(diagram);
      refresh(diagram.element);
    };
    update();
    giveFocus();
  };
  state.onChange(() => (keyNow() === shown ? update() : draw()));
  onTheme(() => update());
  await draw();
}

/** Let the address hold which modules are open, how far around a node one looks, and what more was
 * asked for there, each where it is not as usual.
 */
function linked(state) {
  const list = (text) => (text ? text.split(";") : []);
  state.link("open", {
    read: (text) => {
      state.opened = text === null ? null : list(text);
    },
    write: () => state.opened?.join(";") ?? null,
  });
  state.link("steps", {
    read: (text) => {
      state.steps = /^\d$/.test(text ?? "") ? clamp(Number(text), 1, FURTHEST) : STEPS;
    },
    write: () => (state.steps === STEPS ? null : String(state.steps)),
  });
  state.link("more", {
    read: (text) => {
      state.more = list(text).filter((token) => /^[udb]\d+$/.test(token));
    },
    write: () => state.more.join(";") || null,
  });
}
