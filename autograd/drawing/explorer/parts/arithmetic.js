// Operations as lines of arithmetic, each number shown; every number opens its node.

import { isInfix, nameOf, numberOf, sequenceName, signOf, termOf } from "engine/names";
import { full } from "engine/numbers";
import { make } from "parts/dom";
import { blockShape, grid } from "parts/grids";

const LINES = 60;

/** The operations of its own layer that a node is made by, in order, one line each. */
export function arithmetic(app, n) {
  const { graph } = app;
  const stage = graph.stageOf[n];
  const seen = new Set([n]);
  const stack = [n];
  while (stack.length && seen.size <= LINES) {
    for (const x of graph.operandsOf(stack.pop()))
      for (const v of graph.entriesOf(x))
        if (graph.stageOf[v] === stage && !seen.has(v)) {
          seen.add(v);
          stack.push(v);
        }
  }
  return [...seen]
    .sort((a, b) => a - b)
    .slice(-LINES)
    .map((y) => equation(app, y));
}

/** One operation: its name = its operands, each with its number. */
export function equation(app, y) {
  const { graph } = app;
  const operands = [...graph.operandsOf(y)];
  const parts = operands.some((x) => x >= graph.size)
    ? sequences(app, y, operands)
    : expression(app, y, operands);
  return make("div.equation", { "data-node": y }, chip(app, y), make("span.sign", {}, "="), parts);
}

function expression(app, y, operands) {
  const sign = make("span.sign", {}, signOf(app.graph, y));
  const chips = operands.map((x) => chip(app, x));
  return isInfix(app.graph, y) ? [chips[0], sign, chips[1]] : [sign, ...chips];
}

/** Σ, max and min of a sequence; a dot as window × kernel = products, added up. */
function sequences(app, y, operands) {
  const { graph } = app;
  const nodes = operands.map((x) => [...graph.entriesOf(x)]);
  const shape = nodes.map((v) => blockShape(graph, v)).find(Boolean) ?? [nodes[0].length];
  const slot = graph.firstSlot[y];
  const mark = graph.chooses(slot) ? (k) => graph.partial(slot, k) === 1 : undefined;
  const grids = nodes.map((v) =>
    grid(app, { number: (k) => graph.data[v[k]], shape, nodes: v, caption: sequenceName(graph, v), mark }),
  );
  const { name, symbol } = graph.operation(y);
  if (name !== "dot") return [make("span.sign", {}, symbol), grids];
  const [a, b] = nodes;
  const product = (k) => graph.data[a[k]] * graph.data[b[k]];
  return [
    make("span.sign", {}, "Σ"),
    grids[0],
    make("span.sign", {}, "×"),
    grids[1],
    make("span.sign", {}, "= Σ"),
    grid(app, { number: product, length: a.length, shape, caption: "products" }),
  ];
}

/** A node as a button: its name and its number. */
export function chip(app, n) {
  const { graph, state } = app;
  const named = termOf(graph, n);
  const text = named === `n${n}` ? `${signOf(graph, n)} n${n}` : named;
  const constant = text === numberOf(graph, n);
  const title = () => `${nameOf(graph, n)} = ${graph.header.texts[n] ?? full(graph.data[n])}`;
  return make(
    "button.chip",
    { title, onclick: () => state.select({ node: n }) },
    constant ? null : make("span.name", {}, text),
    make("b", {}, () => numberOf(graph, n)),
  );
}
