// Sequences of numbers as small grids: a kernel, the window that it is laid on, their products.

import { address, nameOf } from "engine/names";
import { short } from "engine/numbers";
import { colorScale, css, inkOn, largest } from "parts/colors";
import { make } from "parts/dom";
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

/** A grid of numbers with a caption; `nodes` makes the cells buttons to their nodes. */
export function grid(app, { numbers, shape, caption, nodes = null, most = largest(numbers), mark }) {
  const body =
    numbers.length <= LEGIBLE
      ? cells(app, numbers, shape, nodes, most, mark)
      : map(app, numbers, shape, nodes, caption);
  return make("figure.grid", { "data-grid": caption }, make("figcaption", {}, caption), body);
}

function cells(app, numbers, shape, nodes, most, mark) {
  const cols = shape.at(-1) ?? 1;
  const rows = shape.length > 1 ? shape.at(-2) : 1;
  const wide = shape.length === 1 && cols > 12 ? 12 : cols;
  const block = rows * cols;
  const color = colorScale(most);
  const blocks = [];
  for (let from = 0; from < numbers.length; from += block) {
    const lines = [];
    for (let at = from; at < from + block; at += wide) {
      const line = [];
      for (let k = at; k < Math.min(at + wide, from + block); k++)
        line.push(cell(app, numbers[k], nodes?.[k], color, mark?.(k)));
      lines.push(make("tr", {}, line));
    }
    blocks.push(make("table.cells", {}, make("tbody", {}, lines)));
  }
  return make("div.blocks", {}, blocks);
}

function cell(app, x, node, color, marked) {
  const back = color(x);
  const open = node === undefined ? {} : opening(app, node);
  return make(
    `td${node === undefined ? "" : ".link"}${marked ? ".marked" : ""}`,
    { style: `background:${css(back)};color:${inkOn(back)}`, ...open },
    short3(x),
  );
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

function map(app, numbers, shape, nodes, name) {
  const maps = new Maps({
    shape,
    name,
    width: 220,
    say: (k) => `${nodes ? nameOf(app.graph, nodes[k]) : `[${k}]`} = ${short(numbers[k])}`,
    onpick: (k) => nodes && app.state.select({ node: nodes[k] }),
  });
  maps.paint(numbers);
  return maps.element;
}
