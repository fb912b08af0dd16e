// A matrix as a heat map of its own: one pixel for each entry, stretched; bands mark a row, a column.

import { short } from "engine/numbers";
import { clamp } from "engine/reversepass";
import { colorScale, css, inkOn, largest } from "parts/colors";
import { make } from "parts/dom";

const LENS = [2, 3]; // rows and columns on each side of the entry that is looked at

export class Matrix {
  /** `onhover(i, j)` or `onhover(-1, -1)`, `onpick(i, j)` and `onopen(i, j)` report an entry. */
  constructor({ onhover, onpick, onopen }) {
    Object.assign(this, { onhover, onpick, onopen, at: [0, 0] });
    this.canvas = make("canvas");
    this.bands = { row: make("div.band"), column: make("div.band"), entry: make("div.entry") };
    this.cells = make(
      "div.matrix-cells",
      {
        tabindex: 0,
        role: "application",
        onpointermove: (e) => this.#hover(e),
        onpointerleave: () => this.onhover(-1, -1),
        onclick: (e) => this.#pick(...this.#entryAt(e)),
        onkeydown: (e) => this.#key(e),
      },
      this.canvas,
      Object.values(this.bands),
    );
    this.caption = make("figcaption", {}, "…");
    this.element = make("figure.matrix", {}, this.caption, this.cells);
    this.cells.matrix = this; // whoever holds the element can ask where an entry is
  }

  /** Show a matrix under a name, in a box of pixels. */
  show(name, matrix, box) {
    const { rows, cols } = matrix;
    const again = this.matrix?.rows === rows && this.matrix?.cols === cols;
    Object.assign(this, { name, matrix, most: largest(matrix.numbers) });
    if (!again) this.at = [0, 0];
    this.resize(box);
    this.cells.classList.toggle("fine", this.width < 2 * cols || this.height < 2 * rows);
    this.cells.setAttribute("aria-label", `${name}, ${rows} × ${cols}`);
    this.caption.replaceChildren(make("b", {}, name), ` ${rows}×${cols}`);
    this.#paint();
  }

  resize([width, height]) {
    Object.assign(this, { width, height });
    Object.assign(this.cells.style, { width: `${width}px`, height: `${height}px` });
  }

  #paint() {
    const { rows, cols, numbers } = this.matrix;
    Object.assign(this.canvas, { width: cols, height: rows });
    const context = this.canvas.getContext("2d");
    const image = context.createImageData(cols, rows);
    const color = colorScale(this.most);
    for (let k = 0, at = 0; k < numbers.length; k++) {
      const [r, g, b] = color(numbers[k]);
      image.data[at++] = r;
      image.data[at++] = g;
      image.data[at++] = b;
      image.data[at++] = 255;
    }
    context.putImageData(image, 0, 0);
  }

  /** Mark a row, a column (numbers), an entry ([i, j]), a frame ([i, j, height, width]): or null. */
  mark({ row = null, column = null, entry = null, frame = null }) {
    const { rows, cols } = this.matrix;
    const box = (i, j, high, wide) => ({
      left: `${(100 * j) / cols}%`,
      top: `${(100 * i) / rows}%`,
      width: `${(100 * wide) / cols}%`,
      height: `${(100 * high) / rows}%`,
    });
    const put = (band, shown, style) => {
      band.hidden = !shown;
      if (shown) Object.assign(band.style, style());
    };
    put(this.bands.row, row !== null, () => box(row, 0, 1, cols));
    put(this.bands.column, column !== null, () => box(0, column, rows, 1));
    put(this.bands.entry, entry !== null || frame !== null, () => box(...(frame ?? [...entry, 1, 1])));
    if (entry) this.at = entry;
  }

  /** The middle of an entry, in pixels of the element. */
  centre(i, j) {
    const { rows, cols } = this.matrix;
    return [((j + 0.5) * this.width) / cols, ((i + 0.5) * this.height) / rows];
  }

  #entryAt(event) {
    const { rows, cols } = this.matrix;
    const box = this.cells.getBoundingClientRect();
    const within = (x, size, n) => clamp(Math.floor((x / size) * n), 0, n - 1);
    return [
      within(event.clientY - box.top, box.height, rows),
      within(event.clientX - box.left, box.width, cols),
    ];
  }

  #hover(event) {
    if (event.pointerType !== "touch") this.onhover(...this.#entryAt(event));
  }

  #pick(i, j) {
    this.at = [i, j];
    this.onpick(i, j);
  }

  #key(event) {
    const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    const { rows, cols } = this.matrix;
    if (event.key === "Enter") this.onopen(...this.at);
    else if (event.key in moves) {
      const [i, j] = moves[event.key];
      this.#pick(clamp(this.at[0] + i, 0, rows - 1), clamp(this.at[1] + j, 0, cols - 1));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** The numbers around an entry, legible. */
  lens(i, j) {
    const { rows, cols, numbers } = this.matrix;
    const color = colorScale(this.most);
    const range = (at, reach, n) => {
      const size = Math.min(n, 2 * reach + 1);
      const first = clamp(at - reach, 0, n - size);
      return Array.from({ length: size }, (_, k) => first + k);
    };
    const cell = (r, c) => {
      const x = numbers[r * cols + c];
      const marked = r === i && c === j ? ".marked" : "";
      return make(`td${marked}`, { style: painted(color(x)) }, short3(x));
    };
    const columns = range(j, LENS[1], cols);
    return make(
      "table.cells.lens",
      {},
      make("caption", {}, `${this.name} around [${i},${j}]`),
      make(
        "tbody",
        {},
        range(i, LENS[0], rows).map((r) =>
          make(
            "tr",
            {},
            columns.map((c) => cell(r, c)),
          ),
        ),
      ),
    );
  }
}

export const painted = (back) => `background:${css(back)};color:${inkOn(back)}`;

/** Three digits fit into a cell. */
export const short3 = (x) =>
  Number.isFinite(x) ? short(Number(x.toPrecision(Math.abs(x) < 1e-3 ? 1 : 3))) : short(x);

/** The place of the largest size. */
export function strongest(numbers) {
  let best = 0;
  for (let k = 1; k < numbers.length; k++) if (Math.abs(numbers[k]) > Math.abs(numbers[best])) best = k;
  return best;
}
