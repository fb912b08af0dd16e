// The upper half of the page: the model as cards of layers, or a small graph as cards of nodes.

import { Diagram } from "cards/diagram";
import { layerCards } from "cards/layercards";
import { nodeCards } from "cards/nodecards";
import { onTheme } from "parts/colors";
import { refresh } from "parts/dom";
import { heldFocus } from "parts/focus";

/** Draw the graph as the state wants it, and again when that changes. */
export async function drawCards(app) {
  const { state } = app;
  let update = () => {};
  let shown = null;
  const draw = async () => {
    shown = state.cards;
    const nodes = shown === "nodes";
    document.body.classList.toggle("nodes", nodes);
    const view = nodes ? nodeCards(app) : layerCards(app);
    const diagram = new Diagram(nodes ? "the graph, node by node" : "the model, by layers");
    update = () => {};
    const giveFocus = heldFocus(app.top);
    app.top.replaceChildren(diagram.element);
    await diagram.show(view.boxes, view.arrows);
    app.diagram = diagram;
    update = () => {
      view.update(diagram);
      refresh(diagram.element);
    };
    update();
    giveFocus();
  };
  state.onChange(() => (state.cards === shown ? update() : draw()));
  onTheme(() => update());
  await draw();
}
