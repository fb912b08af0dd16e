// What a loss compares: each prediction beside its target, and the push that it gets, as bars.
// Targets and gradients are read from the graph: a target is how much its term counts.

import { chances, distances, shares } from "engine/losses";
import { rootName, under } from "engine/names";
import { count, short } from "engine/numbers";
import { chip } from "parts/arithmetic";
import { make } from "parts/dom";

const ROWS = 24; // of one table, until more are asked for
const TABLES = 8;

/** The tables of a stage's comparisons, or null. */
export function lossSection(app, { comparisons }) {
  if (!comparisons.length) return null;
  const shown = comparisons.slice(0, TABLES);
  const more = comparisons.length - shown.length;
  const tables = shown.map((c, k) => comparison(app, c, k, comparisons.length));
  return make(
    "section.loss",
    {},
    tables,
    more ? make("p.small", {}, `and ${count(more, "table")} more`) : null,
  );
}

function comparison(app, { kind, rows }, k, all) {
  const kinds = KINDS[kind];
  const facts = remembered(app, () => kinds.facts(app, rows));
  const sample = all > 1 ? ` (${k + 1} of ${all})` : "";
  const body = make("tbody");
  const show = (to) =>
    body.replaceChildren(...rows.slice(0, to).map((row, r) => line(app, kinds, facts, row, r)));
  show(ROWS);
  const more = make("button.small", {}, `and ${count(rows.length - ROWS, "row")} more`);
  more.addEventListener("click", () => {
    show(rows.length);
    more.remove();
  });
  return make(
    `figure.comparison.${kind}`,
    {},
    make("h3", {}, kinds.title + sample),
    make("p.small", {}, () => kinds.says(facts())),
    make("div.wide", { tabindex: 0 }, make("table", {}, head(app, kinds, facts), body)),
    rows.length > ROWS ? more : null,
    make("p.small", {}, kinds.why),
  );
}

function head(app, kinds, facts) {
  const slope = () => `${under(rootName(app.graph))}/∂${kinds.of} = ${times(kinds.slope, facts().weight)}`;
  const cells = ["", kinds.picture, ...kinds.columns.map(([title]) => title)].map((cell) =>
    make(cell ? "th" : "td", {}, cell),
  );
  return make("thead", {}, make("tr", {}, cells, make("th", { colspan: 2 }, slope)));
}

/** One prediction: its picture, its numbers, its gradient. */
function line(app, kinds, facts, row, r) {
  const fact = () => facts().rows[r];
  const gradient = () => app.reverse.sumOf(row.prediction).sum;
  const numbers = kinds.columns.map(([, of]) => make("td.number", {}, () => short(of(fact()))));
  return make(
    "tr",
    { "data-node": row.prediction, class: () => (fact().target > 0.5 ? "target" : null) },
    make(
      "th",
      {},
      kinds.classes ? make("b", {}, className(app.graph, r), " ") : null,
      chip(app, row.prediction),
    ),
    make("td", {}, kinds.draw(facts, r)),
    numbers,
    make(
      "td",
      {},
      signed(gradient, () => facts().most),
    ),
    make("td.number.gradient", {}, () => short(gradient())),
  );
}

/** What a class is called in the samples that the page carries, or its number. */
export const className = ({ header }, k) => header.samples?.classes[k] ?? String(k);

/** A function that is evaluated once for each state of the numbers. */
function remembered(app, compute) {
  let known = null;
  let version = null;
  return () => {
    const now = app.live?.version ?? 0;
    if (!known || now !== version) [known, version] = [compute(), now];
    return known;
  };
}

/** A slope that counts a part of a whole: `(p − y)/4`. */
function times(slope, weight) {
  if (Math.abs(weight - 1) < 1e-9) return slope;
  const n = Math.round(1 / weight);
  const factor = /[ ,]/.test(slope) ? `(${slope})` : slope;
  return n > 1 && Math.abs(n * weight - 1) < 1e-6 ? `${factor}/${n}` : `${short(weight)}·${factor}`;
}

// --- pictures --------------------------------------------------------------------------------------

const percent = (x) => `${(100 * Math.min(1, Math.max(0, x || 0))).toFixed(3)}%`;

/** A probability as a bar, its target as a frame around where it should end. */
function probability(facts, r) {
  const fact = () => facts().rows[r];
  return make(
    "div.track",
    {},
    make("div.bar", { style: () => `width:${percent(fact().p)}` }),
    make("div.aim", { style: () => `width:${percent(fact().target)}`, hidden: () => !(fact().target > 0) }),
  );
}

/** A prediction as a dot and its target as a line, on the scale of all of them. */
function distance(facts, r) {
  const at = (x) => (x - facts().low) / (facts().high - facts().low || 1);
  const ends = () => [facts().rows[r].from, facts().rows[r].to].map(at);
  const between = () => {
    const [a, b] = ends();
    return `left:${percent(Math.min(a, b))};width:${percent(Math.abs(a - b))}`;
  };
  return make(
    "div.track",
    {},
    make("div.way", { style: between }),
    make("div.goal", { style: () => `left:${percent(ends()[1])}` }),
    make("div.dot", { style: () => `left:${percent(ends()[0])}` }),
  );
}

/** A number as a bar to the left or to the right of 0. */
function signed(number, most) {
  const size = () => Math.abs(number()) / (most() || 1) / 2;
  const style = () => `width:${percent(size())};${number() < 0 ? "right" : "left"}:50%`;
  return make(
    "div.track.signed",
    {},
    make("div.bar", { style, class: () => `bar ${number() < 0 ? "down" : "up"}` }),
  );
}

// --- kinds -----------------------------------------------------------------------------------------

const between = (app, rows) => {
  const { data } = app.graph;
  return distances(app, rows, ({ prediction, target }) => [data[prediction], data[target]]);
};

/** Cross-entropy in one line: of one class, or of all that have a share of the target. */
function crossEntropy({ rows }) {
  const loss = rows.reduce((sum, { p, target }) => sum - (target ? target * Math.log(p) : 0), 0);
  const k = rows.findIndex(({ target }) => Math.abs(target - 1) < 1e-9);
  if (k < 0) return `−Σ y·log p = ${short(loss)}`;
  return `−log p[${k}] = −log ${short(rows[k].p)} = ${short(loss)}`;
}

const mean = ({ rows }) => `${count(rows.length, "prediction")}, each with its target`;

const DISTANCE = {
  of: "ŷ",
  picture: "prediction ŷ ●, target t |",
  columns: [
    ["t", (f) => f.to],
    ["ŷ − t", (f) => f.from - f.to],
  ],
  draw: distance,
  facts: between,
  says: mean,
};
const CHANCE = {
  picture: "probability p, frame: target y",
  columns: [
    ["p", (f) => f.p],
    ["y", (f) => f.target],
  ],
  draw: probability,
};
const loss = (title) => [title, (f) => f.loss];

const KINDS = {
  softmax: {
    ...CHANCE,
    title: "softmax and cross-entropy",
    of: "score",
    slope: "p − y",
    classes: true,
    facts: shares,
    says: crossEntropy,
    why: "What is more likely than it should be is pushed down, the target up; the pushes add up to 0.",
  },
  logistic: {
    ...CHANCE,
    title: "binary cross-entropy of σ(x)",
    of: "x",
    slope: "p − y",
    facts: (app, rows) => {
      const { data } = app.graph;
      const p = ({ yes, no }) => (yes === undefined ? 1 - Math.exp(-data[no]) : Math.exp(-data[yes]));
      return chances(app, rows, p);
    },
    says: mean,
    why: "Of the slopes of the logarithm and of σ, all that is left is p − y.",
  },
  binary: {
    ...CHANCE,
    title: "binary cross-entropy",
    of: "p",
    slope: "(p − y)/(p·(1 − p))",
    facts: (app, rows) => chances(app, rows, ({ prediction }) => app.graph.data[prediction]),
    says: mean,
    why: "Who is sure and wrong is pushed hardest: the slope of the logarithm grows without bound.",
  },
  square: {
    ...DISTANCE,
    columns: [...DISTANCE.columns, loss("(ŷ − t)²")],
    title: "squared error",
    slope: "2·(ŷ − t)",
    why: "The push grows with the distance: what is twice as far off is pushed twice as hard.",
  },
  absolute: {
    ...DISTANCE,
    columns: [...DISTANCE.columns, loss("|ŷ − t|")],
    title: "absolute error",
    slope: "sign(ŷ − t)",
    why: "The push is the same at every distance: only its sign counts.",
  },
  huber: {
    ...DISTANCE,
    columns: [...DISTANCE.columns, loss("loss")],
    title: "Huber's loss",
    slope: "ŷ − t, cut off at ±δ",
    why: "Near the target the push grows as for a squared error, far from it it stays at δ.",
  },
  hinge: {
    ...DISTANCE,
    title: "hinge",
    picture: "t·ŷ ● and the margin |",
    slope: "−t as long as t·ŷ < 1",
    columns: [["t·ŷ", (f) => f.from], ["t", (f) => f.goal], loss("max(0, 1 − t·ŷ)")],
    facts: (app, rows) => distances(app, rows, ({ inner }) => [1 - app.graph.data[inner], 1]),
    why: "What is right by the margin of 1 is left alone; all others are pushed equally hard.",
  },
};
