// A matrix product as Falk draws it: the right factor above the result, the left one beside it. An
// entry that is hovered over or picked lights its row and its column, and its sum is written out.

import { label, nameOf, rootName, under } from "engine/names";
import { entryText, isTurned } from "engine/notation";
import { count, full, short } from "engine/numbers";
import { matrixOf, turned } from "engine/products";
import { Matrix, painted, short3, strongest } from "panes/matrix";
import { colorScale, largest } from "parts/colors";
import { make } from "parts/dom";

const CELL = 16; // pixels, at most
const TERMS = 40; // of a sum that is written out
const PARTS = ["left", "right", "result"];

export class Scheme {
  /** `looked(nodes)` is told what an entry has to do with, `picked(node)` what was clicked. */
  constructor(app, { looked, picked }) {
    Object.assign(this, { app, looked, told: picked, hovered: null, picked: null });
    this.lens = make("div");
    this.sum = make("div.sum");
    for (const part of PARTS) this[part] = this.#matrix(part);
    const matrices = [this.right, this.left, this.result].map((matrix) => matrix.element);
    this.falk = make("div.scheme", {}, matrices);
    this.element = make("div", {}, this.falk, make("div.looked", {}, this.lens, this.sum));
    new ResizeObserver(([{ contentRect }]) => {
      this.width = contentRect.width;
      this.#lay();
    }).observe(this.element);
  }

  #matrix(part) {
    return new Matrix({
      onhover: (i, j) => this.#look("hovered", i < 0 ? null : { part, i, j }),
      onpick: (i, j) => this.#look("picked", { part, i, j }),
      onopen: (i, j) => this.app.state.select({ node: this[part].matrix.node(i, j) }),
    });
  }

  /** Show a product by an equation, whose parts have the names that are `called` so. */
  show(product, equation, called) {
    if (product !== this.product || equation.result.name !== this.equation?.result.name)
      this.hovered = this.picked = null;
    Object.assign(this, { product, equation, called });
    this.#lay();
  }

  /** One of the equation's matrices, as it stands there. */
  #shown(part) {
    const { name, turn } = this.equation[part];
    const own = matrixOf(this.app, this.product, name);
    return isTurned(this.app.state.notation, name) !== turn ? turned(own) : own;
  }

  /** Take the room that a product's matrices will have, before they are drawn. */
  reserve({ rows, columns, inner }, { left, right }) {
    const sizes = { f: rows.length, k: inner, p: columns.length };
    const shape = ({ indices, turn }) => (turn ? [...indices].reverse() : [...indices]).map((i) => sizes[i]);
    const [[high], [, wide]] = [shape(left), shape(right)];
    const boxes = this.#boxes(high, shape(right)[0], wide);
    PARTS.forEach((part) => {
      this[part].resize(boxes[part]);
    });
  }

  /** The sizes in pixels of a product's matrices: (rows × inner) · (inner × cols). */
  #boxes(rows, inner, cols) {
    this.width ||= this.element.clientWidth;
    const room = Math.max(280, Math.min(this.width, 1100) - 24);
    const [beside, above] = shared(room, inner, cols);
    const [high, low] = [fitting(inner, 260), fitting(rows, 200)];
    this.falk.style.gridTemplateColumns = `${beside}px ${above}px`;
    return { left: [beside, low], right: [above, high], result: [above, low] };
  }

  #lay() {
    if (!this.equation || !this.element.isConnected) return;
    const matrices = {
      left: this.#shown("left"),
      right: this.#shown("right"),
      result: this.#shown("result"),
    };
    const { rows, cols } = matrices.left;
    const boxes = this.#boxes(rows, cols, matrices.right.cols);
    for (const part of PARTS) {
      const { name, turn } = this.equation[part];
      this[part].show(this.called(name) + (turn ? "ᵀ" : ""), matrices[part], boxes[part]);
    }
    this.#mark();
  }

  // --- where somebody looks ------------------------------------------------------------------------

  #look(how, at) {
    this[how] = at;
    this.#mark();
    const now = this.hovered ?? this.picked;
    this.looked(now ? this.#related(now) : []);
    if (how === "picked") this.told(this[at.part].matrix.node(at.i, at.j));
  }

  /** The strongest entry of the result, until somebody looks at another. */
  #at() {
    return this.hovered ?? this.picked ?? { part: "result", ...this.#strongest() };
  }

  #strongest() {
    const { cols, numbers } = this.result.matrix;
    const k = strongest(numbers);
    return { i: Math.floor(k / cols), j: k % cols };
  }

  #mark() {
    const { part, i, j } = this.#at();
    const marks = {
      result: [{ row: i }, { column: j }, { row: i, column: j }],
      left: [{ row: i }, { row: j }, { row: i }],
      right: [{ column: i }, { column: j }, { column: j }],
    }[part];
    PARTS.forEach((name, k) => {
      this[name].mark({ ...marks[k], entry: name === part ? [i, j] : null });
    });
    this.lens.replaceChildren(this[part].lens(i, j));
    this.sum.replaceChildren(...(part === "result" ? this.#summed(i, j) : this.#entered(part, i, j)));
  }

  /** The nodes of an entry, and of its row and its column; dots by what they work for. */
  #related({ part, i, j }) {
    const nodes = [this[part].matrix.node(i, j)];
    const [left, right] = [this.left.matrix, this.right.matrix];
    if (part === "result") for (let k = 0; k < left.cols; k++) nodes.push(left.node(i, k), right.node(k, j));
    return [...new Set(nodes.map((n) => this.app.graph.ownerOf(n)))];
  }

  // --- words ---------------------------------------------------------------------------------------

  /** A sum written out: the row, the column, their products. */
  #summed(i, j) {
    const [left, right, result] = PARTS.map((part) => this[part].matrix);
    const terms = Array.from({ length: left.cols }, (_, k) => {
      const [a, b] = [left.numbers[i * left.cols + k], right.numbers[k * right.cols + j]];
      return { k, a, b, product: a * b };
    });
    const bySize = [...terms].sort((s, t) => Math.abs(t.product) - Math.abs(s.product));
    const shown = bySize.slice(0, TERMS).sort((s, t) => s.k - t.k);
    const total = result.numbers[i * result.cols + j];
    const [a, b] = this.equation.result.indices;
    const text = this.#renamed(entryText(this.equation, { [a]: i, [b]: j }));
    const names = [this.left.name, this.right.name].map((name) => name.replace("ᵀ", ""));
    return [
      make("p", {}, `${text} = `, make("b.total", {}, full(total)), this.#meaning(i, j, total)),
      make("div.wide", { tabindex: 0 }, strip(names, this.equation.sum, shown)),
      make(
        "p.small",
        {},
        shown.length < terms.length ? `the ${TERMS} largest products of ${count(terms.length)}` : "",
      ),
    ];
  }

  #renamed(text) {
    return text.replaceAll(/d?[WXZ]/g, (name) => this.called(name));
  }

  /** Which node of the graph an entry of the result is, or is a part of. */
  #meaning(i, j, total) {
    const { graph } = this.app;
    const n = this.result.matrix.node(i, j);
    if (this.equation.result.name === "Z") return `: ${nameOf(graph, n)}`;
    if (isMargin(graph, n)) return ": of the margin, which nobody asks for";
    const gradient = gradientName(graph, n);
    const whole = graph.adjoint[n];
    const same = Math.abs(whole - total) <= 1e-9 * (Math.abs(whole) + Math.abs(total)) + 1e-300;
    const parts = count(graph.uses()[n], "part");
    return same ? `: ${gradient}` : `: a part of ${gradient} = ${short(whole)}, which has ${parts}`;
  }

  /** What an entry of a factor is. */
  #entered(part, i, j) {
    const { graph } = this.app;
    const { node, cols, numbers } = this[part].matrix;
    const n = node(i, j);
    const gradient = this.equation[part].name === "dZ";
    const called = gradient
      ? gradientName(graph, n)
      : isMargin(graph, n)
        ? "of the margin"
        : nameOf(graph, n);
    const number = make("b.total", {}, full(numbers[i * cols + j]));
    return [make("p", {}, `${this[part].name}[${i},${j}] = `, number, `: ${called}`)];
  }
}

const gradientName = (graph, n) => `${under(rootName(graph))}/${under(nameOf(graph, n))}`;

/** Whether a node is a constant around an image. */
const isMargin = (graph, n) => graph.isLeaf(n) && !label(graph, n);

/** Terms of a sum as three lines of a table. */
function strip([left, right], index, terms) {
  const line = (title, of) => {
    const color = colorScale(largest(terms.map(of)));
    const cell = (term) =>
      make("td", { style: painted(color(of(term))), title: `${index} = ${term.k}` }, short3(of(term)));
    return make("tr", {}, make("th", {}, title), terms.map(cell));
  };
  const lines = [line(left, (t) => t.a), line(`× ${right}`, (t) => t.b), line("=", (t) => t.product)];
  return make("table.cells.strip", {}, make("tbody", {}, lines));
}

const fitting = (n, most) => Math.max(14, Math.min(n * CELL, most));

/** The widths of two matrices side by side. */
function shared(room, a, b) {
  const wanted = [a, b].map((n) => Math.max(34, n * CELL));
  if (wanted[0] + wanted[1] <= room) return wanted;
  const first = Math.min(wanted[0], Math.max(room * 0.38, room - wanted[1]));
  return [first, Math.min(wanted[1], room - first)].map(Math.floor);
}
