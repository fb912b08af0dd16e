// What was changed, in the bar: the root's number now, undo, redo, and "as it was".

import { rootName } from "engine/names";
import { count, short } from "engine/numbers";
import { live, make, refresh } from "parts/dom";

export function editsBar(app) {
  const { graph, live: network, state } = app;
  if (network.frozen) return make("span");
  const { history } = network;
  const bar = make(
    "span.edits",
    { role: "group", "aria-label": "changes" },
    graph.roots.length === 1 ? rootNow(app) : null,
    button(
      "↶",
      "undo",
      () => network.undo(),
      () => history.undoes,
    ),
    button(
      "↷",
      "redo",
      () => network.redo(),
      () => history.redoes,
    ),
    button(
      "as it was",
      "as it was in Python",
      () => network.reset(),
      () => changed(network),
    ),
  );
  state.onChange(() => refresh(bar));
  return bar;
}

const changed = ({ changes }) =>
  changes.size ? `${count(changes.size, "number")} ${changes.size === 1 ? "is" : "are"} changed` : null;

/** A button that says what it would do, and is off where there is nothing. */
function button(text, name, onclick, words) {
  const made = make(
    "button",
    { onclick, "aria-label": name, title: () => `${name}: ${words() ?? "nothing"}` },
    text,
  );
  return live(made, () => {
    made.disabled = words() === null;
  });
}

/** `loss 0.1234, was 0.5678`. */
function rootNow({ graph, live: network }) {
  const [root] = graph.roots;
  const was = () => (network.isChanged(root) ? `, was ${short(network.base[root])}` : "");
  return make(
    "output.root",
    { "aria-live": "polite" },
    `${rootName(graph)} `,
    make("b", {}, () => short(graph.data[root])),
    was,
  );
}
