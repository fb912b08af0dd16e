// Sequences of numbers as small grids: a kernel, the window that it is laid on, their products.

import { address, nameOf } from "engine/names";
import { short } from "engine/numbers";
import { colorScale, css, inkOn, largest } from "parts/colors";
import { live, make } from "parts/dom";
import { Maps } from "parts/maps";

const LEGIBLE = 160; // numbers; beyond, colours only

/** The shape that nodes have as a block of one tensor, or null: 25 entries of a kernel are 1×5×5. */
export function blockShape(graph, nodes) {
  const t = graph.tensorOf[nodes[0]];
  if (t < 0 || nodes.some((n) => graph.tensorOf[n] !== t)) return null;
  const { shape } = graph.tensors[t];
  const indices = Array.from(nodes, (n) => address(shape, graph.placeOf[n]));
  const sizes = shape.map((_, a) => new Set(indices.map((i) => i[a])).size);
  const dims = sizes.filter((n) => n > 1);
  return dims.reduce((a, b) => a * b, 1) === nodes.length ? dims : null;
}

/**
 * A grid of `number(k)` with a caption, k below `length`; `nodes` makes the cells buttons to their
 * nodes, `mark(k)` marks them. The numbers are live.
 */
export function grid(app, { number, nodes = null, length = nodes.length, shape, caption, mark }) {
  const figure = make("figure.grid", { "data-grid": caption }, make("figcaption", {}, caption));
  const now = { numbers: [], color: null };
  live(figure, () => {
    now.numbers = Float64Array.from({ length }, (_, k) => number(k));
    now.color = colorScale(largest(now.numbers));
    now.maps?.paint(now.numbers);
  });
  figure.append(
    length <= LEGIBLE ? cells(app, now, shape, nodes, mark) : map(app, now, shape, nodes, caption),
  );
  return figure;
}

function cells(app, now, shape, nodes, mark) {
  const { numbers } = now;
  const cols = shape.at(-1) ?? 1;
  const rows = shape.length > 1 ? shape.at(-2) : 1;
  const wide = shape.length === 1 && cols > 12 ? 12 : cols;
  const block = rows * cols;
  const blocks = [];
  for (let from = 0; from < numbers.length; from += block) {
    const lines = [];
    for (let at = from; at < from + block; at += wide) {
      const line = [];
      for (let k = at; k < Math.min(at + wide, from + block); k++)
        line.push(cell(app, now, k, nodes?.[k], mark));
      lines.push(make("tr", {}, line));
    }
    blocks.push(make("table.cells", {}, make("tbody", {}, lines)));
  }
  return make("div.blocks", {}, blocks);
}

function cell(app, now, k, node, mark) {
  const style = () => {
    const back = now.color(now.numbers[k]);
    return `background:${css(back)};color:${inkOn(back)}`;
  };
  const open = node === undefined ? {} : opening(app, node);
  const made = make(`td${node === undefined ? "" : ".link"}`, { style, ...open }, () =>
    short3(now.numbers[k]),
  );
  return mark ? live(made, () => made.classList.toggle("marked", mark(k))) : made;
}

/** A cell that opens its node, by mouse or by key. */
function opening(app, node) {
  const open = () => app.state.select({ node });
  const onkeydown = (e) => {
    if (e.key === "Enter") open();
  };
  return { onclick: open, onkeydown, title: nameOf(app.graph, node), tabindex: 0, role: "button" };
}

/** Three digits fit into a cell. */
const short3 = (x) =>
  Number.isFinite(x) ? short(Number(x.toPrecision(Math.abs(x) < 1e-3 ? 1 : 3))) : short(x);

function map(app, now, shape, nodes, name) {
  now.maps = new Maps({
    shape,
    name,
    width: 220,
    say: (k) => `${nodes ? nameOf(app.graph, nodes[k]) : `[${k}]`} = ${short(now.numbers[k])}`,
    onpick: (k) => nodes && app.state.select({ node: nodes[k] }),
  });
  now.maps.paint(now.numbers);
  return now.maps.element;
}
