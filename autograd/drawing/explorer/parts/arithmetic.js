// Operations as lines of arithmetic, each number shown; every number opens its node.

import { isInfix, nameOf, numberOf, sequenceName, signOf, termOf } from "engine/names";
import { factor, full, short } from "engine/numbers";
import { make } from "parts/dom";
import { blockShape, grids } from "parts/grids";

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
  const parts = nodes.map((v) => ({
    numbers: () => v.map((x) => graph.data[x]),
    nodes: v,
    caption: sequenceName(graph, v),
    mark,
  }));
  const named = (k) => `${nameOf(graph, nodes[0][k])} = ${short(graph.data[nodes[0][k]])}`;
  const { name, symbol } = graph.operation(y);
  if (name === "gather") {
    const sequence = grids(app, shape, parts.slice(0, 1), named);
    return [sequence, make("span.sign", {}, symbol), chip(app, operands[1])];
  }
  if (name !== "dot") return grids(app, shape, withSigns(parts, [symbol]), named);
  const products = () => nodes[0].map((a, k) => graph.data[a] * graph.data[nodes[1][k]]);
  parts.push({ numbers: products, caption: "products" });
  return grids(app, shape, withSigns(parts, ["Σ", "×", "= Σ"]), (k) => product(graph, nodes, k));
}

const withSigns = (parts, signs) => parts.map((part, k) => ({ ...part, sign: signs[k] }));

/** One product of a dot: `w[0,1] · x[1] = 0.5 · 2 = 1`. */
function product(graph, nodes, k) {
  const [a, b] = nodes.map((v) => v[k]);
  const [x, y] = [graph.data[a], graph.data[b]];
  return `${nameOf(graph, a)} · ${nameOf(graph, b)} = ${short(x)} · ${factor(y)} = ${short(x * y)}`;
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
