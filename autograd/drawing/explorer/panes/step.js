// The operation that the forward pass does now: its window, its kernel, their products.

import { nameOf } from "engine/names";
import { equation } from "parts/arithmetic";
import { make } from "parts/dom";

/** Whether the forward pass goes scalar by scalar, and nothing else is looked at. */
export const isStepping = ({ state, timeline }) =>
  state.grain === "scalar" && state.node === null && state.time < 0 && timeline.isUnderWay(state.time);

export function stepPane(app) {
  const element = make("div.pane.step-pane");
  const update = () => {
    const { y } = app.timeline.stepAt(app.state.time);
    const name = nameOf(app.graph, y);
    element.replaceChildren(
      make("h2", {}, name, make("span.subtitle", {}, app.graph.operation(y).name)),
      equation(app, y),
    );
  };
  return { element, update };
}
