// The strongest paths of a node's gradient, and what they carry of it.

import { nameOf, rootName, under } from "engine/names";
import { short } from "engine/numbers";
import { carried, strongest } from "engine/paths";
import { chip } from "parts/arithmetic";
import { live, make } from "parts/dom";

const MOST = 5;
const PATIENCE = 200; // milliseconds: not while somebody drags

/** The section of a node, or null for a root; it is filled a little later. */
export function pathsSection(app, n) {
  const { graph } = app;
  if (graph.roots.includes(n)) return null;
  const list = make("ol.paths", {}, make("li", {}, "…"));
  const summary = make("p.small.carried", {}, "");
  const section = make("section.strongest", {}, make("h3", {}, "its strongest paths"), summary, list);
  let version = -1;
  return live(section, () => {
    if (version === app.live.version) return;
    version = app.live.version;
    clearTimeout(section.waiting);
    section.waiting = setTimeout(() => section.isConnected && fill(app, n, summary, list), PATIENCE);
  });
}

function fill(app, n, summary, list) {
  const found = strongest(app.graph, n, MOST);
  const none = make("li", {}, "no path: its gradient is 0");
  list.replaceChildren(...(found.paths.length ? found.paths.map((path) => line(app, path)) : [none]));
  summary.textContent = found.paths.length ? carried(app.graph, n, found) : "";
}

/** What a path carries, its nodes, and the gradient of the score that it ends at. */
function line(app, { nodes, product }) {
  const { graph } = app;
  const end = nodes.at(-1);
  const chips = nodes.map((v, k) => [k ? " → " : "", chip(app, v)]);
  const rest = `∂${rootName(graph)}/${under(nameOf(graph, end))} = ${short(graph.adjoint[end])}`;
  return make(
    "li",
    { "data-product": product },
    make("b", {}, short(product)),
    " along ",
    chips,
    graph.roots.includes(end) ? null : make("span.small", {}, ` times ${rest}`),
  );
}
