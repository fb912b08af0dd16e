// The operation that the forward pass does now: its window, its kernel, their products.

import { nameOf } from "engine/names";
import { equation } from "parts/arithmetic";
import { make } from "parts/dom";

/** Whether the forward pass goes scalar by scalar, and nothing else is looked at. */
export const isStepping = ({ state }) => state.grain === "scalar" && state.node === null && state.time < 0;

export function stepPane(app) {
  const { graph, state, timeline } = app;
  const element = make("div.pane.step-pane");
  const update = () => {
    const step = timeline.stepAt(state.time);
    if (!step) return element.replaceChildren();
    const { name } = graph.operation(step.y);
    return element.replaceChildren(
      make("h2", {}, nameOf(graph, step.y), make("span.subtitle", {}, name)),
      equation(app, step.y),
    );
  };
  return { element, update };
}
