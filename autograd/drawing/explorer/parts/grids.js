// Sequences of numbers as small grids: a kernel, the window that it is laid on, their products.

import { address, nameOf } from "engine/names";
import { short } from "engine/numbers";
import { colorScale, css, inkOn, largest } from "parts/colors";
import { live, make } from "parts/dom";
import { Maps } from "parts/maps";
import { textWidth } from "parts/measure";

const LEGIBLE = 160; // numbers; beyond, colours only
const SIGN = 34; // pixels, of the sign before a grid

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
 * Sequences of equal length as grids that line up cell by cell, such as a kernel, the window that it
 * is laid on, and their products: `parts` are {numbers() -> [...], caption, sign, nodes, mark(k)}.
 * Nodes are opened by a click. Hovering over an entry marks its partners, and `say(k)` tells of them.
 */
export function grids(app, shape, parts, say) {
  const element = make("div.operands", { "data-parts": parts.length });
  const said = make("p.small.together", { "aria-live": "polite" }, "");
  const drawn = parts.map((part) => ({ ...part, color: null, now: null }));
  live(element, () => measure(element, shape, drawn));
  const legible = drawn[0].now.length <= LEGIBLE;
  const bodies = drawn.map((part) => (legible ? cells(app, shape, part) : map(app, shape, part)));
  const tell = (k) => {
    said.textContent = k >= 0 ? say(k) : "";
  };
  if (legible) partners(element, tell);
  else ringPartners(bodies, tell);
  element.append(...drawn.map((part, i) => figure(part, bodies[i].element ?? bodies[i])), said);
  return element;
}

function figure({ caption, sign }, body) {
  return make(
    "figure.grid",
    { "data-grid": caption },
    make("span.sign", {}, sign ?? ""),
    make("figcaption", {}, caption),
    body,
  );
}

/** Take the numbers as they are now; all cells are as wide as the widest of all. */
function measure(element, shape, parts) {
  for (const part of parts) {
    part.now = part.numbers();
    part.color = colorScale(largest(part.now));
  }
  if (parts[0].now.length > LEGIBLE) return;
  const texts = parts.flatMap((part) => Array.from(part.now, short3));
  const cell = Math.max(38, ...texts.map((text) => textWidth(text, "11px") + 9));
  const { wide } = lines(shape);
  element.style.setProperty("--cell", `${cell}px`);
  element.style.setProperty("--abreast", `${parts.length * (wide * cell + SIGN) + 40}px`);
}

/** How a block of a shape is written: its rows and columns, and how many are in a line. */
function lines(shape) {
  const cols = shape.at(-1) ?? 1;
  return {
    rows: shape.length > 1 ? shape.at(-2) : 1,
    cols,
    wide: shape.length === 1 ? Math.min(cols, 8) : cols,
  };
}

function cells(app, shape, part) {
  const { rows, cols, wide } = lines(shape);
  const block = rows * cols;
  const blocks = [];
  for (let from = 0; from < part.now.length; from += block) {
    const written = [];
    for (let at = from; at < from + block; at += wide) {
      const ks = range(at, Math.min(at + wide, from + block));
      written.push(
        make(
          "tr",
          {},
          ks.map((k) => cell(app, part, k)),
        ),
      );
    }
    blocks.push(make("table.cells", { role: "presentation" }, make("tbody", {}, written)));
  }
  return make("div.blocks", {}, blocks);
}

const range = (from, to) => Array.from({ length: to - from }, (_, k) => from + k);

function cell(app, part, k) {
  const node = part.nodes?.[k];
  const style = () => {
    const back = part.color(part.now[k]);
    return `background:${css(back)};color:${inkOn(back)}`;
  };
  const opens = node === undefined ? {} : opening(app, node, k);
  const made = make(`td${node === undefined ? "" : ".link"}`, { "data-k": k, style, ...opens }, () =>
    short3(part.now[k]),
  );
  return part.mark ? live(made, () => made.classList.toggle("marked", part.mark(k))) : made;
}

/** A cell that opens its node, by mouse or by key; arrows go to its neighbours. */
function opening(app, node, k) {
  const open = () => app.state.select({ node });
  const onkeydown = (e) => {
    if (e.key === "Enter") open();
    else if (!moved(e.target, e.key)) return;
    e.preventDefault?.();
    e.stopPropagation?.();
  };
  return { onclick: open, onkeydown, title: nameOf(app.graph, node), tabindex: k ? -1 : 0, role: "button" };
}

const KEYS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/** Give the focus to a cell's neighbour: in its row, or in the row before or after it. */
function moved(cell, key) {
  if (!(key in KEYS)) return false;
  const rows = [...cell.closest(".grid").querySelectorAll("tr")];
  const [down, right] = KEYS[key];
  const row = rows[rows.indexOf(cell.parentElement) + down];
  row?.children[cell.cellIndex + right]?.focus();
  return true;
}

/** Three digits fit into a cell, and fewer of what is small. */
const short3 = (x) => (Number.isFinite(x) ? short(Number(x.toPrecision(digits(Math.abs(x))))) : short(x));
const digits = (size) => (size < 1e-3 ? 1 : size < 1e-2 ? 2 : 3);

/** Mark all cells of an entry, wherever the mouse, a finger or the focus is on one of them. */
function partners(element, tell) {
  let marked = [];
  const mark = (target) => {
    const k = target?.closest?.("[data-k]")?.dataset.k;
    for (const cell of marked) cell.classList.remove("partner");
    marked = k === undefined ? [] : [...element.querySelectorAll(`[data-k="${k}"]`)];
    for (const cell of marked) cell.classList.add("partner");
    tell(k === undefined ? -1 : Number(k));
  };
  element.addEventListener("pointerover", (e) => e.pointerType !== "touch" && mark(e.target));
  element.addEventListener("pointerleave", (e) => e.pointerType !== "touch" && mark(null));
  element.addEventListener("focusin", (e) => mark(e.target));
  element.addEventListener("focusout", () => mark(null));
}

/** More numbers than one can read: colours alone. */
function map(app, shape, part) {
  const { nodes, caption } = part;
  const maps = new Maps({
    shape,
    name: caption,
    width: 220,
    say: (k) => `${nodes ? nameOf(app.graph, nodes[k]) : `[${k}]`} = ${short(part.now[k])}`,
    onpick: (k) => nodes && app.state.select({ node: nodes[k] }),
  });
  live(maps.element, () => maps.paint(part.now));
  return maps;
}

function ringPartners(maps, tell) {
  for (const map of maps)
    map.onhover = (k) => {
      tell(k);
      for (const other of maps) if (other !== map) other.ring("partner", k < 0 ? [] : [k]);
    };
}
