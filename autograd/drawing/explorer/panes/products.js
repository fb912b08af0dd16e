// A layer's dots as matrix products, forward and in reverse: Z = W·X, dW = dZ·Xᵀ, dX = Wᵀ·dZ.

import { rootName, under } from "engine/names";
import { entryText, equationOf, NOTATIONS, numpyText, reason } from "engine/notation";
import { productsOf } from "engine/products";
import { flipSection } from "panes/flip";
import { Scheme } from "panes/scheme";
import { make, refresh } from "parts/dom";
import { whenSeen } from "parts/sight";

export class Products {
  /** `ring(nodes)` marks nodes in the layer's heat maps. */
  constructor(app, stage, ring) {
    Object.assign(this, { app, ring, which: "Z" });
    this.products = productsOf(app.graph, stage);
    this.scheme = new Scheme(app, { looked: ring, picked: (n) => this.flipped?.follow(n) });
    this.flip = make("div");
    this.draw = whenSeen(this.scheme.element, () => this.#draw());
    this.#use(0);
    this.lines = make(
      "div.lines",
      {},
      ["Z", "dW", "dX"].map((which) => this.#line(which)),
    );
    this.element = make(
      "section.products",
      {},
      make("h3", {}, "its dots are a matrix product ", this.#choices()),
      this.lines,
      this.scheme.element,
      this.flip,
    );
  }

  /** Which product, where there are several, and how it is written. */
  #choices() {
    const { state } = this.app;
    const option = (value, text) => make("option", { value }, text);
    const use = (e) => {
      this.#use(Number(e.target.value));
      this.update();
    };
    const options = this.products.map((_, k) => option(k, `${k + 1} of ${this.products.length}`));
    const several = make("select", { "aria-label": "which product", onchange: use }, options);
    this.notation = make(
      "select.notation",
      { "aria-label": "notation", onchange: (e) => state.set({ notation: e.target.value }) },
      Object.entries(NOTATIONS).map(([name, { says }]) => option(name, says)),
    );
    return [this.products.length > 1 ? several : null, this.notation];
  }

  #use(k) {
    this.product = this.products[k];
    this.flipped = flipSection(this.app, this.product, this.ring);
    this.turn = this.flipped && whenSeen(this.flipped.element, () => this.flipped.update());
    this.flip.replaceChildren(...(this.flipped ? [this.flipped.element] : []));
  }

  update() {
    this.notation.value = this.app.state.notation;
    if (!this.scheme.equation) this.scheme.reserve(this.product, this.#equation(this.which));
    this.draw();
    this.turn?.();
    refresh(this.lines);
  }

  #draw() {
    this.scheme.show(this.product, this.#equation(this.which), (name) => this.#called(name));
  }

  // --- equations -----------------------------------------------------------------------------------

  #equation(which) {
    return equationOf(this.app.state.notation, which);
  }

  /** W and X, or A and B where neither is trained. */
  #called(name) {
    return this.product.weighted ? name : name.replace("W", "A").replace("X", "B");
  }

  /** An equation as it is written, its parts as they are called here. */
  #written(which, text) {
    const equation = this.#equation(which);
    const parts = ["result", "left", "right"].map((part) => {
      return [part, { ...equation[part], name: this.#called(equation[part].name) }];
    });
    return text({ ...equation, ...Object.fromEntries(parts) });
  }

  #line(which) {
    const choose = () => {
      this.which = which;
      this.update();
    };
    const isRows = () => this.app.state.notation !== "columns";
    return make(
      "p.product",
      {},
      make(
        "button",
        { "aria-pressed": () => which === this.which || "false", onclick: choose },
        make("code", {}, () => this.#written(which, (equation) => this.#sized(equation))),
      ),
      make("code.numpy", { hidden: () => !isRows() }, () =>
        isRows() ? this.#written(which, numpyText) : "",
      ),
      make("span.small", {}, () => this.#why(which)),
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

  #why(which) {
    const { graph } = this.app;
    const text = this.#written(which, (equation) => `${entryText(equation)}, ${reason(equation)}`);
    if (which === "dW") return `${text}; d means ${under(rootName(graph))}/∂`;
    if (which === "dX")
      return this.flipped ? `${text}; where windows overlap, what they get is added up` : text;
    const [w, x] = ["W", "X"].map((name) => this.#called(name));
    return `${text}; ${w}: ${of(graph, this.product.rows)}, ${x}: ${of(graph, this.product.columns)}`;
  }
}

/** The tensors that the operands of a product belong to. */
function of(graph, bundles) {
  const first = bundles.map((bundle) => graph.entriesOf(bundle).find((n) => graph.tensorOf[n] >= 0));
  const names = first.filter((n) => n !== undefined).map((n) => graph.tensors[graph.tensorOf[n]].name);
  return [...new Set(names)].join(", ") || "computed numbers";
}
