// A node: the arithmetic that makes it, what it feeds, how its gradient adds up, and the strongest
// paths from it to the roots.

import { largest } from "colors";
import { make, table } from "dom";
import { boxShape, grid } from "grids";
import { indexText, Maps } from "maps";
import { isInfix, nameOf, rootName, signOf, termOf } from "names";
import { count, factor, full, many, short } from "numbers";
import { strongest } from "paths";

const LINES = 60; // of arithmetic
const TERMS = 200; // rows of a table
const PATHS = 5;

export function nodePane(app, n) {
  const { graph, chain } = app;
  const gradient = make("b.gradient", {}, "");
  const map = contributionMap(app, n);
  const pane = make(
    "div.pane.node-pane",
    { "data-node": n },
    make(
      "h2",
      {},
      nameOf(graph, n),
      make("span.kind", {}, graph.isLeaf(n) ? "leaf" : graph.operation(n).name),
    ),
    make(
      "p.facts",
      {},
      "value ",
      make("b.value", {}, graph.header.texts[n] ?? full(graph.data[n])),
      ` · ∂${rootName(graph)}/∂${nameOf(graph, n)} = `,
      gradient,
    ),
    graph.isLeaf(n) ? null : make("section.made", {}, make("h3", {}, "how it is made"), arithmetic(app, n)),
    feedsSection(app, n),
    make("section.chain", {}, make("h3", {}, "how its gradient adds up"), map?.element, termsTable(app, n)),
    pathsSection(app, n),
  );
  const update = () => {
    const { sum, made, all } = chain.sumOf(n);
    gradient.textContent = made < all ? `${full(sum)} (${count(made)} of ${count(all)})` : full(sum);
    map?.update();
  };
  update();
  return { element: pane, update };
}

// --- forward ---------------------------------------------------------------------------------------

/** The operations of its own layer that a node is made by, in order, one line each. */
function arithmetic(app, n) {
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
  const shape = nodes.map((v) => boxShape(graph, v)).find(Boolean) ?? [nodes[0].length];
  const numbers = nodes.map((v) => v.map((x) => graph.data[x]));
  const slot = graph.firstSlot[y];
  const mark = graph.chooses(slot) ? (k) => graph.partial(slot, k) === 1 : undefined;
  const grids = nodes.map((v, k) =>
    grid(app, { numbers: numbers[k], shape, nodes: v, caption: sequenceName(graph, v), mark }),
  );
  const { name, symbol } = graph.operation(y);
  if (name !== "dot") return [make("span.sign", {}, symbol), grids];
  const products = numbers[0].map((a, k) => a * numbers[1][k]);
  return [
    make("span.sign", {}, "Σ"),
    grids[0],
    make("span.sign", {}, "×"),
    grids[1],
    make("span.sign", {}, "= Σ"),
    grid(app, { numbers: products, shape, caption: "products" }),
  ];
}

/** The tensor that a sequence's nodes belong to, or how many they are. */
function sequenceName(graph, nodes) {
  const t = nodes.map((n) => graph.tensorOf[n]).find((k) => k >= 0);
  return t === undefined ? many(nodes.length, "number") : `${graph.tensors[t].name}, ${count(nodes.length)}`;
}

function chip(app, n) {
  const { graph, state } = app;
  const text = termOf(graph, n, short);
  const number = graph.header.texts[n] ?? short(graph.data[n]);
  const title = `${nameOf(graph, n)} = ${graph.header.texts[n] ?? full(graph.data[n])}`;
  return make(
    "button.chip",
    { title, onclick: () => state.select({ node: n }) },
    text === number ? null : make("span.name", {}, text),
    make("b", {}, number),
  );
}

function feedsSection(app, n) {
  const readers = app.graph.readersOf(n);
  if (!readers.length) return null;
  const shown = readers.slice(0, 6);
  const simple = shown.every((y) => [...app.graph.operandsOf(y)].every((x) => x < app.graph.size));
  return make(
    "section.feeds",
    {},
    make("h3", {}, "what it feeds"),
    simple || shown.length === 1
      ? shown.map((y) => equation(app, y))
      : make(
          "p.chips",
          {},
          shown.map((y) => chip(app, homeOf(app.graph, y))),
        ),
    readers.length > shown.length
      ? make("p.small", {}, `and ${count(readers.length - shown.length)} more`)
      : null,
  );
}

const homeOf = (graph, y) => (graph.home[y] >= 0 ? graph.home[y] : y);

// --- reverse ---------------------------------------------------------------------------------------

/** Every contribution to a node's gradient: [{slot, k, home}], in the order of the reverse pass. */
function contributionsOf({ graph, chain }, n) {
  const found = [];
  graph.eachUse(n, (slot, k) =>
    found.push({ slot, k, time: chain.timeOf(slot, k), home: homeOf(graph, graph.slotOwner[slot]) }),
  );
  return found.sort((a, b) => a.time - b.time);
}

/** Where in the layer's output a node's gradient comes from, as a heat map: the shared weight. */
function contributionMap(app, n) {
  const { graph, chain, state } = app;
  const found = contributionsOf(app, n);
  const t = found.length > 3 ? graph.tensorOf[found[0].home] : -1;
  if (t < 0 || found.some(({ home }) => graph.tensorOf[home] !== t)) return null;
  const { name, shape } = graph.tensors[t];
  const plane = (shape.at(-2) ?? 1) * shape.at(-1);
  const first =
    shape.length > 2 ? Math.floor(Math.min(...found.map((f) => graph.placeOf[f.home])) / plane) : 0;
  const last =
    shape.length > 2 ? Math.floor(Math.max(...found.map((f) => graph.placeOf[f.home])) / plane) : 0;
  const dims = shape.length > 2 ? [last - first + 1, ...shape.slice(-2)] : shape;
  const start = shape.length > 2 ? first * plane : 0;
  const all = new Float64Array(dims.reduce((a, b) => a * b, 1)).fill(Number.NaN);
  const terms = found.map((f) => ({
    place: graph.placeOf[f.home] - start,
    ...f,
    ...chain.contribution(f.slot, f.k),
  }));
  const at = new Map(terms.map((term) => [term.place, term]));
  const maps = new Maps({
    shape: dims,
    width: 340,
    name: `contributions from ${name}`,
    say: (place) =>
      at.has(place) ? `from ${name}${indexText(shape, place + start)}: ${rule(at.get(place))}` : "",
    onpick: (place) => at.has(place) && state.select({ node: at.get(place).home }),
  });
  const caption = make("p.small", {}, "");
  const update = () => {
    const numbers = all.slice();
    let sum = 0;
    for (const { place, time, contribution } of terms) {
      const made = time < state.time ? contribution : 0;
      numbers[place] = (Number.isNaN(numbers[place]) ? 0 : numbers[place]) + made;
      sum += made;
    }
    maps.paint(numbers, { most: largest(terms.map((term) => term.contribution)) });
    caption.replaceChildren(
      `${many(terms.length, "contribution")}, one from each place in ${name} that reads it; Σ = `,
      make("b.sum", {}, full(sum)),
    );
  };
  const element = make("figure.contributions", { "data-first": first }, maps.element, caption);
  return { element, update };
}

const rule = ({ upstream, partial, contribution }) =>
  partial === null ? "stopped" : `${short(upstream)} · ${factor(partial)} = ${short(contribution)}`;

function termsTable(app, n) {
  const { graph, chain } = app;
  const found = contributionsOf(app, n);
  const root = rootName(graph);
  if (!found.length)
    return make("p", {}, graph.roots.includes(n) ? `∂${root}/∂${root} = 1` : "nothing reads it");
  const rows = found.slice(0, TERMS).map(({ slot, k }) => {
    const { upstream, partial, contribution } = chain.contribution(slot, k);
    const y = graph.slotOwner[slot];
    return [
      chip(app, homeOf(graph, y)),
      `${graph.operation(y).name}`,
      full(upstream),
      partial === null ? "stopped" : full(partial),
      full(contribution),
    ];
  });
  const name = nameOf(graph, n);
  const body = [table(["from c", "by", `∂${root}/∂c`, `∂c/∂${name}`, "contribution"], rows)];
  if (found.length > TERMS) body.push(make("p.small", {}, `the first ${TERMS} of ${count(found.length)}`));
  if (found.length <= 12) return make("div.terms", {}, body);
  return make(
    "details.terms",
    {},
    make("summary", {}, `${many(found.length, "contribution")} as a table`),
    body,
  );
}

function pathsSection(app, n) {
  const { graph } = app;
  if (graph.roots.includes(n)) return null;
  const list = make("ol.paths", {}, make("li", {}, "…"));
  const section = make(
    "section.strongest",
    {},
    make("h3", {}, `the strongest paths to ${rootName(graph)}`),
    list,
  );
  setTimeout(() => {
    if (!section.isConnected) return;
    const found = strongest(graph, n, PATHS);
    list.replaceChildren(
      ...found.map((path) =>
        make(
          "li",
          { "data-product": path.product },
          make("b", {}, short(path.product)),
          " along ",
          path.nodes.map((v, k) => [k ? " → " : "", chip(app, v)]),
        ),
      ),
    );
    if (!found.length) list.replaceChildren(make("li", {}, "no path: its gradient is 0"));
  }, 30);
  return section;
}
