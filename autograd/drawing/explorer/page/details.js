// The lower half: the layer that is open and, beside it or on narrow pages below it, the node. Each is
// made anew only when another one is opened, so that whatever is looked at holds still.

import { layerPane } from "panes/layer";
import { nodePane } from "panes/node";
import { isStepping, stepPane } from "panes/step";
import { onTheme } from "parts/colors";
import { make, refresh } from "parts/dom";
import { heldFocus } from "parts/focus";

const HINT = "Click a card, or press / to search and ? for help.";
const HINT_BESIDE = "Click an entry of a heat map: its arithmetic, and how its gradient adds up, stand here.";
const STEP = "step"; // in place of a node: what the forward pass does now
const PEEK = 0.45; // of a narrow page: how much of the node is brought into sight

/** Keep the panes in an element as the state wants them. */
export function details(app, element) {
  const { state, graph } = app;
  const slots = [
    new Slot(
      () => layered(state),
      (k) => layerPane(app, graph.stages[k]),
    ),
    new Slot(
      () => state.node ?? (isStepping(app) ? STEP : null),
      (n) => (n === STEP ? stepPane(app) : nodePane(app, n)),
    ),
  ];
  const hint = make("p.hint", {}, () => state.problem ?? (layered(state) === null ? HINT : HINT_BESIDE));
  const render = (anew) => {
    element.classList.toggle("two", state.cards === "layers" && graph.stages.length > 0);
    const giveFocus = heldFocus(element);
    const changed = slots.map((slot) => slot.fill(anew));
    if (changed.some(Boolean)) {
      const panes = slots.map((slot) => slot.pane?.element).filter(Boolean);
      arrange(element, slots[1].pane ? panes : [...panes, hint]);
      giveFocus();
    }
    for (const { pane } of slots) pane?.update();
    refresh(element);
    if (changed.some(Boolean)) bringIntoSight(app, element, changed[0]);
  };
  onTheme(() => render(false));
  state.onChange(() => render(false));
  whenResized(element, () => render(true));
  render(true);
}

const layered = (state) => (state.cards === "layers" ? state.stage : null);

/** A place for one pane. */
class Slot {
  constructor(wanted, made) {
    Object.assign(this, { wanted, made, shown: null, pane: null });
  }

  /** Make the pane that is wanted, if it is another one; whether it is. */
  fill(anew) {
    const wanted = this.wanted();
    if (!anew && wanted === this.shown) return false;
    this.shown = wanted;
    this.pane = wanted === null ? null : this.made(wanted);
    return true;
  }
}

/** Let an element have these children; those that stay are not touched, so they stay scrolled. */
function arrange(element, children) {
  for (const child of [...element.children]) if (!children.includes(child)) child.remove();
  children.forEach((child, k) => {
    if (element.children[k] !== child) element.insertBefore(child, element.children[k] ?? null);
  });
}

/** Scroll to what was opened, where none of it is in sight. */
function bringIntoSight({ state, graph }, element, layerIsNew) {
  const pane = element.querySelector(".node-pane");
  if (!pane) return;
  if (getComputedStyle(element).display === "block") return bringBelow(element, pane, layerIsNew);
  const name = graph.tensors[graph.tensorOf[state.node]]?.name;
  const own = [...element.querySelectorAll(".layer-pane figure")].filter((f) => f.dataset.tensor === name);
  if (own.some((figure) => seen(figure, figure.closest(".pane")))) return;
  own[0]?.scrollIntoView({ block: "nearest" });
}

/** On a narrow page: the start of the node's pane, below what was clicked. What comes into sight on
 * the way may be filled only then, and push it on. */
function bringBelow(element, pane, layerIsNew, tries = 4) {
  if (!tries || !pane.isConnected || seen(pane, element)) return;
  setTimeout(() => bringBelow(element, pane, layerIsNew, tries - 1), 60);
  const scroller = element.scrollHeight > element.clientHeight ? element : document.scrollingElement;
  const { top, bottom } = visible(element);
  const wanted = layerIsNew ? top : top + (1 - PEEK) * (bottom - top);
  scroller.scrollTop += pane.getBoundingClientRect().top - wanted;
}

/** Whether some of an element is seen in what scrolls it. */
function seen(element, scroller) {
  const [box, frame] = [element.getBoundingClientRect(), visible(scroller)];
  return box.bottom > frame.top + 20 && box.top < frame.bottom - 20;
}

function visible(element) {
  const { top, bottom } = element.getBoundingClientRect();
  return { top: Math.max(top, 0), bottom: Math.min(bottom, window.innerHeight) };
}

/** Act when the width that the panes have changes by much: on rotation, or with the window. */
function whenResized(element, action) {
  let width = element.clientWidth;
  let timer;
  new ResizeObserver(() => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (Math.abs(element.clientWidth - width) < 0.05 * width) return;
      width = element.clientWidth;
      action();
    }, 150);
  }).observe(element);
}
