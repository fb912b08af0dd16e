// Samples of two numbers as points in the plane, over what the model predicts there.

import { CELLS } from "engine/boundary";
import { channels, onTheme, themeColor } from "parts/colors";
import { make } from "parts/dom";

const SIZE = 268; // pixels
const COLOURS = ["cold", "warm", "good", "picked", "dim", "line"];
const FAINT = 56; // of 255: how strong a region's colour is
const SCALE = 2; // canvas pixels to one of the page

const colourOf = (c) => themeColor(COLOURS[c % COLOURS.length]);

export class Scatter {
  /** `choose(k)` is called for the point that is clicked. */
  constructor(app, boundary, choose) {
    const { samples } = app.live;
    Object.assign(this, { app, samples, boundary, held: new Set(samples.held) });
    this.canvas = make("canvas.scatter", {
      width: SIZE * SCALE,
      height: SIZE * SCALE,
      role: "img",
      "aria-label": "the samples as points, over what the model predicts",
      onclick: (event) => choose(this.nearest(event.offsetX, event.offsetY)),
    });
    const names = samples.classes.map((name, c) =>
      make("span.key", { style: () => `color:${colourOf(c)}` }, `● ${name} `),
    );
    const words = "outlined: held out; ringed: misread";
    this.element = make("figure", {}, this.canvas, make("figcaption.small", {}, names, words));
    onTheme(() => this.update());
  }

  /** Where a sample is, in pixels. */
  place(k) {
    const { axes } = this.boundary;
    const [x, y] = this.samples.image(k);
    const share = (v, [lo, hi]) => (v - lo) / (hi - lo);
    return [SIZE * share(x, axes[0]), SIZE * (1 - share(y, axes[1]))];
  }

  nearest(x, y) {
    const scale = SIZE / this.canvas.clientWidth;
    const away = (k) => {
      const [px, py] = this.place(k);
      return Math.hypot(px - x * scale, py - y * scale);
    };
    let best = 0;
    for (let k = 1; k < this.samples.count; k++) if (away(k) < away(best)) best = k;
    return best;
  }

  update() {
    const pen = this.canvas.getContext("2d");
    pen.setTransform(SCALE, 0, 0, SCALE, 0, 0);
    pen.fillStyle = themeColor("paper");
    pen.fillRect(0, 0, SIZE, SIZE);
    this.#regions(pen);
    for (let k = 0; k < this.samples.count; k++) this.#point(pen, k);
    if (this.app.live.sample !== null) this.#ring(pen, this.app.live.sample, 7, themeColor("picked"), 2.5);
  }

  /** What is predicted, one pixel for each cell, enlarged. */
  #regions(pen) {
    const { classes } = this.boundary;
    const colours = this.samples.classes.map((_, c) => channels(colourOf(c)));
    const picture = new ImageData(CELLS, CELLS);
    classes.forEach((c, cell) => {
      if (c >= 0) picture.data.set([...colours[c], FAINT], 4 * cell);
    });
    this.small ??= make("canvas", { width: CELLS, height: CELLS });
    this.small.getContext("2d").putImageData(picture, 0, 0);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(this.small, 0, 0, SIZE, SIZE);
  }

  #point(pen, k) {
    const { samples } = this;
    const colour = colourOf(samples.labels?.[k] ?? 0);
    pen.beginPath();
    pen.arc(...this.place(k), 3, 0, 2 * Math.PI);
    pen.fillStyle = this.held.has(k) && samples.learnable ? themeColor("paper") : colour;
    pen.fill();
    pen.strokeStyle = colour;
    pen.lineWidth = 1.5;
    pen.stroke();
    if (samples.isMisread(k)) this.#ring(pen, k, 5.5, themeColor("ink"), 1.2);
  }

  #ring(pen, k, radius, colour, width) {
    pen.beginPath();
    pen.arc(...this.place(k), radius, 0, 2 * Math.PI);
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.stroke();
  }
}
