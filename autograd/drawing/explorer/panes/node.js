// A node: the arithmetic that makes it, what it feeds, how its gradient adds up, and the strongest
// paths from it to the roots.

import { slopesOf, slopeText } from "engine/formulas";
import { nameOf, rootName, under } from "engine/names";
import { count, full, sentText } from "engine/numbers";
import { editor } from "panes/editor";
import { lossSection } from "panes/loss";
import { pathsSection } from "panes/paths";
import { arithmetic, chip, equation } from "parts/arithmetic";
import { make, table } from "parts/dom";
import { indexText, Maps } from "parts/maps";

const TERMS = 200; // rows of a table

export function nodePane(app, n) {
  const { graph, reverse, state } = app;
  const gradient = make("b.gradient", {}, "");
  const map = contributionMap(app, n);
  const pane = make(
    "div.pane.node-pane",
    { "data-node": n },
    make(
      "h2",
      {},
      nameOf(graph, n),
      make("span.subtitle", {}, graph.isLeaf(n) ? "leaf" : graph.operation(n).name),
      state.cards !== "around" &&
        make("button.small.around", { onclick: () => state.set({ cards: "around" }) }, "what is around it"),
    ),
    make(
      "p.facts",
      {},
      "value ",
      make("b.value", {}, () => (graph.isWaiting(n) ? "…" : (graph.header.texts[n] ?? full(graph.data[n])))),
      ` · ${under(rootName(graph))}/${under(nameOf(graph, n))} = `,
      gradient,
    ),
    editor(app, n),
    isLoss(app, n) ? lossSection(app, graph.stages[graph.stageOf[n]]) : null,
    graph.isLeaf(n) ? null : make("section.made", {}, make("h3", {}, "how it is made"), arithmetic(app, n)),
    slopesSection(graph, n),
    feedsSection(app, n),
    make("section.chain", {}, make("h3", {}, "how its gradient adds up"), map?.element, termsTable(app, n)),
    pathsSection(app, n),
  );
  const update = () => {
    const { sum, made, all } = reverse.sumOf(n);
    gradient.textContent = made < all ? `${full(sum)} (${count(made)} of ${count(all)})` : full(sum);
    map?.update();
  };
  update();
  return { element: pane, update };
}

/** Whether a node is the root of an expression without layers, whose loss has no other place. */
function isLoss({ graph, state }, n) {
  return state.cards === "nodes" && graph.roots.includes(n) && !graph.isLeaf(n);
}

/** The local derivatives of an operation, as mathematics and as numbers. */
function slopesSection(graph, n) {
  const slopes = graph.isLeaf(n) ? [] : slopesOf(graph, n);
  if (!slopes.length) return null;
  const line = ({ text, where }) => {
    const rest = () => where() && `, where ${where()}`;
    return make("p.slope", {}, make("code", {}, text), make("span.small", {}, rest));
  };
  return make("section.slopes", {}, make("h3", {}, "its local derivatives"), slopes.map(line));
}

const SHOWN = 6;

function feedsSection(app, n) {
  const { graph } = app;
  const places = (y) => [graph.ownerOf(y), y];
  const readers = graph.readersOf(n).sort((a, b) => compare(places(a), places(b)));
  if (!readers.length) return null;
  const list = make("div", {}, readers.length === 1 ? equation(app, readers[0]) : null);
  const show = (shown) => list.replaceChildren(...shown.map((y) => chip(app, graph.ownerOf(y))));
  if (readers.length > 1) {
    list.className = "chips";
    show(readers.slice(0, SHOWN));
  }
  const more = make("button.small", {}, `and ${count(readers.length - SHOWN)} more`);
  more.addEventListener("click", () => {
    show(readers.slice(0, TERMS));
    more.remove();
  });
  const rest = readers.length > SHOWN ? more : null;
  return make("section.feeds", {}, make("h3", {}, "what it feeds"), list, rest);
}

const compare = ([a, b], [c, d]) => a - c || b - d;

// --- reverse ---------------------------------------------------------------------------------------

/** Every contribution to a node's gradient: [{slot, k, owner}], in the order of the reverse pass. */
function contributionsOf({ graph, reverse }, n) {
  const found = [];
  graph.eachUse(n, (slot, k) =>
    found.push({ slot, k, time: reverse.timeOf(slot, k), owner: graph.ownerOf(graph.slotReader[slot]) }),
  );
  return found.sort((a, b) => a.time - b.time);
}

/** Where in the layer's output a node's gradient comes from, as a heat map: the shared weight. */
function contributionMap(app, n) {
  const { graph, reverse, state } = app;
  const found = contributionsOf(app, n);
  const t = found.length > 3 ? graph.tensorOf[found[0].owner] : -1;
  if (t < 0 || found.some(({ owner }) => graph.tensorOf[owner] !== t)) return null;
  const { name, shape } = graph.tensors[t];
  const plane = (shape.at(-2) ?? 1) * shape.at(-1);
  const first =
    shape.length > 2 ? Math.floor(Math.min(...found.map((f) => graph.placeOf[f.owner])) / plane) : 0;
  const last =
    shape.length > 2 ? Math.floor(Math.max(...found.map((f) => graph.placeOf[f.owner])) / plane) : 0;
  const dims = shape.length > 2 ? [last - first + 1, ...shape.slice(-2)] : shape;
  const start = shape.length > 2 ? first * plane : 0;
  const all = new Float64Array(dims.reduce((a, b) => a * b, 1)).fill(Number.NaN);
  const terms = found.map((f) => ({ place: graph.placeOf[f.owner] - start, ...f }));
  const at = new Map(terms.map((term) => [term.place, term]));
  const sent = ({ slot, k }) => reverse.contribution(slot, k);
  const maps = new Maps({
    shape: dims,
    width: 340,
    name: `contributions from ${name}`,
    say: (place) =>
      at.has(place) ? `from ${name}${indexText(shape, place + start)}: ${sentText(sent(at.get(place)))}` : "",
    onpick: (place) => at.has(place) && state.select({ node: at.get(place).owner }),
  });
  const caption = make("p.small", {}, "");
  const update = () => {
    const numbers = all.slice();
    let sum = 0;
    let most = 0;
    for (const { place, time, ...f } of terms) {
      const { contribution } = sent(f);
      most = Math.max(most, Math.abs(contribution) || 0);
      const made = time < state.time ? contribution : 0;
      numbers[place] = (Number.isNaN(numbers[place]) ? 0 : numbers[place]) + made;
      sum += made;
    }
    maps.paint(numbers, { most });
    caption.replaceChildren(
      `${count(terms.length, "contribution")}, one from each place in ${name} that reads it; Σ = `,
      make("b.sum", {}, full(sum)),
    );
  };
  const element = make("figure.contributions", { "data-first": first }, maps.element, caption);
  return { element, update };
}

function termsTable(app, n) {
  const { graph, reverse } = app;
  const found = contributionsOf(app, n);
  const root = under(rootName(graph));
  if (!found.length)
    return make("p", {}, graph.roots.includes(n) ? `${root}/${root} = 1` : "nothing reads it");
  const rows = found.slice(0, TERMS).map(({ slot, k }) => {
    const now = () => reverse.contribution(slot, k);
    const y = graph.slotReader[slot];
    return [
      chip(app, graph.ownerOf(y)),
      `${graph.operation(y).name}`,
      () => full(now().upstream),
      () => slopeText(graph, slot, now().partial ?? 0, full),
      () => full(now().contribution),
    ];
  });
  if (graph.roots.includes(n)) rows.unshift(["it is an output", "", "", "", "1"]);
  const name = under(nameOf(graph, n));
  const body = [table(["from c", "by", `${root}/∂c`, `∂c/${name}`, "contribution"], rows)];
  if (found.length > TERMS) body.push(make("p.small", {}, `the first ${TERMS} of ${count(found.length)}`));
  if (found.length <= 12) return make("div.terms", {}, body);
  return make(
    "details.terms",
    {},
    make("summary", {}, `${count(found.length, "contribution")} as a table`),
    body,
  );
}
