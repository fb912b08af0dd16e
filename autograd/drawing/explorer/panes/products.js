// A layer's dots as matrix products, forward and in reverse: Z = W·X, dW = dZ·Xᵀ, dX = Wᵀ·dZ. An
// entry that is hovered over or picked lights its row and its column, and its place in the maps.

import { nameOf, rootName, under } from "engine/names";
import { entryText, equationOf, isTurned, NOTATIONS, numpyText, reason } from "engine/notation";
import { count, full, short } from "engine/numbers";
import { matrixOf, productsOf, turned } from "engine/products";
import { flipSection } from "panes/flip";
import { Matrix, painted, short3 } from "panes/matrix";
import { colorScale, largest } from "parts/colors";
import { make } from "parts/dom";

const CELL = 16; // pixels, at most
const TERMS = 40; // of a sum that is written out

export class Products {
  /** `ring(nodes)` marks nodes in the layer's heat maps. */
  constructor(app, stage, ring) {
    Object.assign(this, { app, ring, which: "Z", hovered: null, picked: null });
    this.products = productsOf(app.graph, stage);
    this.use(0);
    this.lines = make("div.lines");
    this.lens = make("div");
    this.sum = make("div.sum");
    this.parts = {};
    for (const part of ["left", "right", "result"]) this.parts[part] = this.#matrix(part);
    const { left, right, result } = this.parts;
    this.scheme = make("div.scheme", {}, right.element, left.element, result.element);
    this.flip = make("div");
    this.element = make(
      "section.products",
      {},
      make("h3", {}, "its dots are a matrix product ", this.#choices()),
      this.lines,
      this.scheme,
      make("div.looked", {}, this.lens, this.sum),
      this.flip,
    );
    new ResizeObserver(() => this.#lay()).observe(this.element);
    this.#turnFlip();
  }

  #matrix(part) {
    return new Matrix({
      onhover: (i, j) => this.#look("hovered", i < 0 ? null : { part, i, j }),
      onpick: (i, j) => this.#look("picked", { part, i, j }),
      onopen: (i, j) => this.app.state.select({ node: this.entry(part, i, j) }),
    });
  }

  /** Which product, where there are several, and how it is written. */
  #choices() {
    const { state } = this.app;
    const option = (value, text) => make("option", { value }, text);
    const several = make(
      "select",
      {
        "aria-label": "which product",
        onchange: (e) => {
          this.use(Number(e.target.value));
          this.#turnFlip();
          this.update();
        },
      },
      this.products.map((_, k) => option(k, `${k + 1} of ${this.products.length}`)),
    );
    this.notation = make(
      "select.notation",
      { "aria-label": "notation", onchange: (e) => state.set({ notation: e.target.value }) },
      Object.entries(NOTATIONS).map(([name, { says }]) => option(name, says)),
    );
    return [this.products.length > 1 ? several : null, this.notation];
  }

  use(k) {
    this.product = this.products[k];
    this.hovered = this.picked = null;
  }

  #turnFlip() {
    this.flipped = flipSection(this.app, this.product, this.ring);
    this.flip.replaceChildren(...(this.flipped ? [this.flipped.element] : []));
  }

  update() {
    this.notation.value = this.app.state.notation;
    this.equation = equationOf(this.app.state.notation, this.which);
    this.#write();
    this.#lay();
    this.flipped?.update();
  }

  // --- equations -----------------------------------------------------------------------------------

  /** W and X, or A and B where neither is trained. */
  called(name) {
    return this.product.weighted ? name : name.replace("W", "A").replace("X", "B");
  }

  /** An equation's parts as they are called here. */
  #named(equation) {
    const called = (part) => ({ ...part, name: this.called(part.name) });
    return {
      ...equation,
      result: called(equation.result),
      left: called(equation.left),
      right: called(equation.right),
    };
  }

  #write() {
    const lines = ["Z", "dW", "dX"].map((which) => this.#line(which));
    this.lines.replaceChildren(...lines);
  }

  #line(which) {
    const equation = this.#named(equationOf(this.app.state.notation, which));
    const choose = () => {
      this.which = which;
      this.hovered = this.picked = null;
      this.update();
      this.lines.querySelector('[aria-pressed="true"]').focus();
    };
    const pressed = String(which === this.which);
    const rows = this.app.state.notation !== "columns";
    return make(
      "p.product",
      {},
      make("button", { "aria-pressed": pressed, onclick: choose }, make("code", {}, this.#sized(equation))),
      rows ? make("code.numpy", {}, numpyText(equation)) : null,
      make("span.small", {}, this.#why(which, equation)),
    );
  }

  /** `dW (3×9) = dZ (3×16) · Xᵀ (16×9)`. */
  #sized({ result, left, right }) {
    const { rows, columns, inner } = this.product;
    const sizes = { f: rows.length, k: inner, p: columns.length };
    const written = ({ name, indices, turn }) => {
      const [i, j] = turn ? [...indices].reverse() : indices;
      return `${name}${turn ? "ᵀ" : ""} (${sizes[i]}×${sizes[j]})`;
    };
    return `${written(result)} = ${written(left)} · ${written(right)}`;
  }

  #why(which, equation) {
    const { graph } = this.app;
    const text = `${entryText(equation)}, ${reason(equation)}`;
    if (which === "Z")
      return `${text}; ${this.called("W")}: ${of(graph, this.product.rows)}, ${this.called("X")}: ${of(graph, this.product.columns)}`;
    if (which === "dW") return `${text}; d means ${under(rootName(graph))}/∂`;
    return this.flipped ? `${text}; where windows overlap, what they get is added up` : text;
  }

  // --- the picture ---------------------------------------------------------------------------------

  /** One of the equation's matrices, as it stands there. */
  #shown(part) {
    const { name, turn } = this.equation[part];
    const own = matrixOf(this.app, this.product, name);
    return isTurned(this.app.state.notation, name) !== turn ? turned(own) : own;
  }

  entry(part, i, j) {
    return this.parts[part].matrix.node(i, j);
  }

  /** Falk's scheme: the right factor above the result, the left one beside it. */
  #lay() {
    if (!this.equation || !this.element.isConnected) return;
    const [left, right, result] = ["left", "right", "result"].map((part) => this.#shown(part));
    const room = Math.max(280, Math.min(this.element.clientWidth, 1100) - 24);
    const [beside, above] = shared(room, left.cols, right.cols);
    const [high, low] = [fitting(left.cols, 260), fitting(left.rows, 200)];
    const title = (part) => this.called(this.equation[part].name) + (this.equation[part].turn ? "ᵀ" : "");
    this.parts.left.show(title("left"), left, [beside, low]);
    this.parts.right.show(title("right"), right, [above, high]);
    this.parts.result.show(title("result"), result, [above, low]);
    this.scheme.style.gridTemplateColumns = `${beside}px ${above}px`;
    this.#mark();
  }

  #look(how, at) {
    this[how] = at;
    this.#mark();
    const looked = this.hovered ?? this.picked;
    this.ring(looked ? this.#related(looked) : []);
    if (how === "picked" && this.flipped && at) this.flipped.follow(this.entry(at.part, at.i, at.j));
  }

  /** Where somebody looks: at the strongest entry of the result until then. */
  get at() {
    return this.hovered ?? this.picked ?? { part: "result", ...strongest(this.parts.result.matrix) };
  }

  #mark() {
    const { part, i, j } = this.at;
    const { left, right, result } = this.parts;
    const marks = {
      result: [{ row: i }, { column: j }, { row: i, column: j }],
      left: [{ row: i }, { row: j }, { row: i }],
      right: [{ column: i }, { column: j }, { column: j }],
    }[part];
    [left, right, result].forEach((matrix, k) => {
      matrix.mark({ ...marks[k], entry: matrix === this.parts[part] ? [i, j] : null });
    });
    this.lens.replaceChildren(this.parts[part].lens(i, j));
    this.sum.replaceChildren(...(part === "result" ? this.#summed(i, j) : this.#entered(part, i, j)));
  }

  /** The nodes that an entry has to do with: its row, its column, itself; dots by what they work for. */
  #related({ part, i, j }) {
    const { left, right, result } = this.parts;
    const nodes = part === "result" ? [result.matrix.node(i, j)] : [this.entry(part, i, j)];
    if (part === "result")
      for (let k = 0; k < left.matrix.cols; k++) nodes.push(left.matrix.node(i, k), right.matrix.node(k, j));
    return [...new Set(nodes.map((n) => this.app.graph.ownerOf(n)))];
  }

  /** A sum written out: the row, the column, their products. */
  #summed(i, j) {
    const [left, right, result] = ["left", "right", "result"].map((part) => this.parts[part].matrix);
    const pairs = Array.from({ length: left.cols }, (_, k) => [
      left.numbers[i * left.cols + k],
      right.numbers[k * right.cols + j],
    ]);
    const terms = pairs.map(([a, b], k) => ({ k, a, b, product: a * b }));
    const strong = [...terms].sort((s, t) => Math.abs(t.product) - Math.abs(s.product)).slice(0, TERMS);
    const shown = new Set(strong.map(({ k }) => k));
    const listed = terms.filter(({ k }) => shown.has(k));
    const total = result.numbers[i * result.cols + j];
    const rest = terms.length - listed.length;
    return [
      make("p", {}, `${this.#where(i, j)} = `, make("b.total", {}, full(total)), this.#meaning(i, j, total)),
      make("div.wide", {}, strip(this.#named(this.equation), listed)),
      rest ? make("p.small", {}, `the ${count(TERMS)} largest products of ${count(terms.length)}`) : null,
    ].filter(Boolean);
  }

  #where(i, j) {
    const equation = this.#named(this.equation);
    const [a, b] = equation.result.indices;
    return entryText(equation, { [a]: i, [b]: j });
  }

  /** Which node of the graph an entry of the result is, or is a part of. */
  #meaning(i, j, total) {
    const { graph } = this.app;
    const n = this.entry("result", i, j);
    if (this.which === "Z") return `: ${nameOf(graph, n)}`;
    const gradient = `${under(rootName(graph))}/${under(nameOf(graph, n))}`;
    const whole = graph.adjoint[n];
    const same = Math.abs(whole - total) <= 1e-9 * (Math.abs(whole) + Math.abs(total)) + 1e-300;
    if (graph.tensorOf[n] < 0 && graph.isLeaf(n)) return ": of the margin, which nobody asks for";
    return same
      ? `: ${gradient}`
      : `: a part of ${gradient} = ${short(whole)}, which has ${count(graph.uses()[n], "part")}`;
  }

  /** What an entry of a factor is. */
  #entered(part, i, j) {
    const { graph } = this.app;
    const n = this.entry(part, i, j);
    const { name } = this.equation[part];
    const called = name === "dZ" ? `${under(rootName(graph))}/${under(nameOf(graph, n))}` : nameOf(graph, n);
    const margin = graph.tensorOf[n] < 0 && graph.isLeaf(n) ? "a number of the margin" : called;
    const number = this.parts[part].matrix.numbers[i * this.parts[part].matrix.cols + j];
    return [
      make(
        "p",
        {},
        `${this.parts[part].name}[${i},${j}] = `,
        make("b.total", {}, full(number)),
        `: ${margin}`,
      ),
    ];
  }
}

/** Terms of a sum as three lines of a table. */
function strip({ left, right, sum }, terms) {
  const line = (title, of) => {
    const color = colorScale(largest(terms.map(of)));
    const cell = (term) =>
      make("td", { style: painted(color(of(term))), title: `${sum} = ${term.k}` }, short3(of(term)));
    return make("tr", {}, make("th", {}, title), terms.map(cell));
  };
  return make(
    "table.cells.strip",
    {},
    make(
      "tbody",
      {},
      line(left.name, (t) => t.a),
      line(`× ${right.name}`, (t) => t.b),
      line("=", (t) => t.product),
    ),
  );
}

/** The tensor that the operands of a product belong to. */
function of(graph, bundles) {
  const tensors = bundles.map((bundle) => [...graph.entriesOf(bundle)].find((n) => graph.tensorOf[n] >= 0));
  const names = tensors.filter((n) => n !== undefined).map((n) => graph.tensors[graph.tensorOf[n]].name);
  return [...new Set(names)].join(", ") || "computed numbers";
}

function strongest({ cols, numbers }) {
  let best = 0;
  numbers.forEach((x, k) => {
    if (Math.abs(x) > Math.abs(numbers[best])) best = k;
  });
  return { i: Math.floor(best / cols), j: best % cols };
}

const fitting = (n, most) => Math.max(14, Math.min(n * CELL, most));

/** The widths of two matrices side by side. */
function shared(room, a, b) {
  const wanted = [a, b].map((n) => Math.max(34, n * CELL));
  if (wanted[0] + wanted[1] <= room) return wanted;
  const first = Math.min(wanted[0], Math.max(room * 0.38, room - wanted[1]));
  return [first, Math.min(wanted[1], room - first)].map(Math.floor);
}
