// A tensor as heat maps: one canvas with a tile for each channel, or for each kernel.

import { address } from "engine/names";
import { clamp } from "engine/reversepass";
import { colorScale, css, largest, rgb, themeColor } from "parts/colors";
import { make } from "parts/dom";

const GAP = 3;
const MOST_TILES = 256;
const MOST_LINES = 400; // of a long vector
const HEIGHT = 420; // pixels, unless cells would be smaller than one

/** How the entries of a shape are laid out: tiles of rows × cols, in a grid across × down. */
export function arrangement(shape, width) {
  const rows = shape.length > 1 ? shape.at(-2) : 1;
  const cols = shape.at(-1) ?? 1;
  const all = shape.slice(0, -2).reduce((a, b) => a * b, 1);
  const tiles = Math.min(all, MOST_TILES);
  if (shape.length === 1 && cols > 32) return wrapped(cols, width);
  const across = acrossOf(shape, tiles, rows, cols);
  const down = Math.ceil(tiles / across);
  const room = (size, tiles, n) => Math.floor((size / tiles - GAP) / n);
  const cell = clamp(Math.min(room(width, across, cols), room(HEIGHT, down, rows)), 1, 28);
  return { rows, cols, tiles, hidden: all - tiles, across, down, cell };
}

/** A line of kernels for each output channel, where that fits; else a square of tiles. */
function acrossOf(shape, tiles, rows, cols) {
  const inner = shape.length > 3 ? shape.at(-3) : 1;
  if (inner > 1 && inner <= 16) return Math.min(inner, tiles);
  return Math.min(tiles, Math.max(1, Math.ceil(Math.sqrt((tiles * rows) / cols))));
}

/** A long vector in lines of 32. */
function wrapped(n, width) {
  const cell = clamp(Math.floor(width / 32), 1, 20);
  const rows = Math.min(Math.ceil(n / 32), MOST_LINES);
  return { rows, cols: 32, tiles: 1, hidden: Math.max(0, n - 32 * rows), across: 1, down: 1, cell };
}

/**
 * Heat maps of numbers in a shape. `onpick(place)` and `onhover(place or -1)` report an entry;
 * `say(place)` describes it. `mark(place)` may give "dead" or "won". Keys: arrows and Enter.
 */
export class Maps {
  constructor({ shape, name, width = 300, say, mark, changed, onpick, onhover, onsay }) {
    Object.assign(this, {
      shape,
      name,
      say,
      mark,
      changed,
      onpick,
      onhover,
      onsay,
      cursor: 0,
      numbers: new Float64Array(0),
    });
    this.plan = arrangement(shape, width);
    const { rows, cols, cell, across, down } = this.plan;
    const [w, h] = [across * (cols * cell + GAP), down * (rows * cell + GAP)];
    this.picture = make("canvas", { width: w, height: h });
    this.overlay = make("canvas.overlay", {
      width: w,
      height: h,
      tabindex: 0,
      role: "application",
      "aria-label": name,
      onpointermove: (e) => e.pointerType !== "touch" && this.#hover(this.placeAt(e)),
      onpointerleave: (e) => e.pointerType !== "touch" && this.#hover(-1),
      onblur: () => this.#hover(-1),
      onclick: (e) => this.#pick(this.placeAt(e)),
      onkeydown: (e) => this.#key(e),
    });
    this.element = make("div.maps", { style: `width:${w}px;height:${h}px` }, this.picture, this.overlay);
    this.overlay.maps = this; // whoever holds the element can ask where an entry is
    this.rings = new Map();
  }

  /** Paint numbers, on a common scale; the places that wait for theirs are hatched. */
  paint(numbers, { sizes = false, most = largest(numbers), waiting = null } = {}) {
    this.numbers = numbers;
    const { cell } = this.plan;
    const context = this.picture.getContext("2d");
    context.clearRect(0, 0, this.picture.width, this.picture.height);
    const image = context.createImageData(this.picture.width, this.picture.height);
    const sheet = { pixels: new Uint32Array(image.data.buffer), width: image.width };
    const color = colorScale(most, sizes);
    const hatch = { line: rgb(themeColor("line")), paper: color(0) };
    for (let place = 0; place < numbers.length; place++) {
      const at = this.#corner(place);
      if (at && waiting?.[place]) hatched(sheet, at, cell, hatch);
      else if (at) filled(sheet, at, cell, color(numbers[place]));
    }
    context.putImageData(image, 0, 0);
    if (this.mark && cell >= 3) this.#marks(context);
    if (this.changed && cell >= 3) this.#corners(context);
  }

  #marks(context) {
    const { cell } = this.plan;
    for (let place = 0; place < this.numbers.length; place++) {
      const mark = this.mark(place); // "dead", "won" or null
      const at = mark && this.#corner(place);
      if (!at) continue;
      context.strokeStyle = context.fillStyle = css(
        colorScale(1)(Number.NaN).map((c) => (c > 128 ? c - 80 : c + 80)),
      );
      if (mark === "won") dot(context, at, cell);
      else cross(context, at, cell);
    }
  }

  /** A corner on each entry that somebody changed. */
  #corners(context) {
    const side = Math.max(2, this.plan.cell / 3);
    context.fillStyle = themeColor("picked");
    for (let place = 0; place < this.numbers.length; place++) {
      const at = this.changed(place) && this.#corner(place);
      if (at) triangle(context, at, side);
    }
  }

  /** Ring entries for a reason, such as "hover"; this replaces the rings that had it before. */
  ring(reason, places, colour = themeColor("picked")) {
    this.rings.set(reason, { places: new Set(places), colour });
    const context = this.overlay.getContext("2d");
    context.clearRect(0, 0, this.overlay.width, this.overlay.height);
    const { cell } = this.plan;
    context.lineWidth = cell > 4 ? 2 : 1;
    for (const ring of this.rings.values()) {
      context.strokeStyle = ring.colour;
      context.beginPath();
      for (const place of ring.places) this.#outline(context, place, ring.places);
      context.stroke();
    }
  }

  /** A ring around a large cell; of small ones only the sides to cells that are not ringed. */
  #outline(context, place, others) {
    const at = this.#corner(place);
    if (!at) return;
    const { cols, cell } = this.plan;
    const [x, y, side] = [at[0] + 0.5, at[1] + 0.5, cell - 1];
    if (cell > 8 || others.size === 1) {
      context.rect(x, y, side, side);
      return;
    }
    const has = (step) => {
      const there = this.#corner(place + step);
      return others.has(place + step) && Math.abs(there[0] - at[0]) + Math.abs(there[1] - at[1]) === cell;
    };
    const line = (x1, y1, x2, y2) => {
      context.moveTo(x1, y1);
      context.lineTo(x2, y2);
    };
    if (!has(-1)) line(x, at[1], x, at[1] + cell);
    if (!has(1)) line(x + side, at[1], x + side, at[1] + cell);
    if (!has(-cols)) line(at[0], y, at[0] + cell, y);
    if (!has(cols)) line(at[0], y + side, at[0] + cell, y + side);
  }

  /** The centre of an entry, in pixels of the element. */
  centre(place) {
    const [x, y] = this.#corner(place);
    return [x + this.plan.cell / 2, y + this.plan.cell / 2];
  }

  #corner(place) {
    const { rows, cols, cell, across, tiles } = this.plan;
    const tile = Math.floor(place / (rows * cols));
    if (tile >= tiles) return null;
    const [i, j] = [Math.floor(place / cols) % rows, place % cols];
    const [down, right] = [Math.floor(tile / across), tile % across];
    return [right * (cols * cell + GAP) + j * cell, down * (rows * cell + GAP) + i * cell];
  }

  /** The place of the entry under a pointer, or -1. */
  placeAt(event) {
    const { rows, cols, cell, across, tiles } = this.plan;
    const box = this.overlay.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const [right, down] = [Math.floor(x / (cols * cell + GAP)), Math.floor(y / (rows * cell + GAP))];
    const j = Math.floor((x - right * (cols * cell + GAP)) / cell);
    const i = Math.floor((y - down * (rows * cell + GAP)) / cell);
    const tile = down * across + right;
    const place = tile * rows * cols + i * cols + j;
    const inside = right < across && tile < tiles && i >= 0 && i < rows && j >= 0 && j < cols;
    return inside && place < this.numbers.length ? place : -1;
  }

  #hover(place) {
    if (place === this.hovered) return;
    this.hovered = place;
    const said = place >= 0 && this.say ? this.say(place) : "";
    this.overlay.title = said;
    this.onsay?.(said);
    this.ring("hover", place >= 0 ? [place] : []);
    this.onhover?.(place);
  }

  #pick(place) {
    if (place < 0) return;
    this.cursor = place;
    this.onpick?.(place);
  }

  #key(event) {
    const { cols, rows } = this.plan;
    const moves = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -cols,
      ArrowDown: cols,
      PageUp: -rows * cols,
      PageDown: rows * cols,
    };
    if (event.key in moves) {
      this.cursor = clamp(this.cursor + moves[event.key], 0, this.numbers.length - 1);
      this.#hover(this.cursor);
    } else if (event.key === "Enter") this.#pick(this.cursor);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/** A colour as the four bytes of a pixel. */
const packed = ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;

const hair = (cell) => (cell > 5 ? 1 : 0); // between large cells

function filled({ pixels, width }, [left, top], cell, colour) {
  const [side, pixel] = [cell - hair(cell), packed(colour)];
  for (let y = top; y < top + side; y++) {
    const from = y * width + left;
    pixels.fill(pixel, from, from + side);
  }
}

/** A cell of slanted lines: what it will show is not there yet. */
function hatched(sheet, [left, top], cell, { line, paper }) {
  filled(sheet, [left, top], cell, paper);
  const side = cell - hair(cell);
  for (let y = top; y < top + side; y++)
    for (let x = left; x < left + side; x++)
      if ((x + y) % 4 === 0) sheet.pixels[y * sheet.width + x] = packed(line);
}

function dot(context, [x, y], cell) {
  context.beginPath();
  context.arc(x + cell / 2, y + cell / 2, Math.max(1, cell / 5), 0, 2 * Math.PI);
  context.fill();
}

function triangle(context, [x, y], side) {
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x + side, y);
  context.lineTo(x, y + side);
  context.fill();
}

function cross(context, [x, y], cell) {
  context.beginPath();
  context.moveTo(x + 1, y + cell - 1);
  context.lineTo(x + cell - 1, y + 1);
  context.stroke();
}

/** `[3,4,5]` of a place. */
export const indexText = (shape, place) => `[${address(shape, place).join(",")}]`;
