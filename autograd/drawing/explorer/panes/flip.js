// Where the flip comes from: the gradient of a pixel is the kernel, turned by 180°, laid on the
// gradients of the outputs: with stride s they stand s apart, and around them is nothing.

import { contributionsTo, gradientThrough, windowsOf } from "engine/convolution";
import { address, nameOf, rootName, under } from "engine/names";
import { count, full, short } from "engine/numbers";
import { Matrix, painted, short3, strongest } from "panes/matrix";
import { colorScale, largest } from "parts/colors";
import { make } from "parts/dom";
import { indexText, Maps } from "parts/maps";

const CHANNELS = 16; // that are listed
const SIZE = 320; // pixels of a picture
const nothing = () => {};

/** {element, update(), follow(node)} for the windows of a product, or null where there are none. */
export function flipSection(app, product, ring) {
  const windows = product.weighted ? windowsOf(app.graph, product) : null;
  if (!windows || windows.axes.every(({ kernel }) => kernel === 1)) return null;
  return new Flip(app, product, windows, ring);
}

class Flip {
  constructor(app, product, windows, ring) {
    Object.assign(this, { app, product, windows, ring, hovered: -1, channel: null, parts: [], f: 0 });
    const { node } = app.state;
    const { image, axes } = windows;
    this.picked = node !== null && app.graph.tensorOf[node] === image.index ? app.graph.placeOf[node] : -1;
    const spread = axes.map(({ image, kernel, dilation }) => image + dilation * (kernel - 1));
    this.under = new Matrix({ onhover: nothing, onpick: nothing, onopen: nothing });
    this.spread = spread;
    this.over = new Maps({
      shape: image.shape,
      name: `d${image.name}`,
      width: SIZE,
      onhover: (place) => this.#look(place),
      onpick: (place) => this.#pick(place),
    });
    this.caption = make("figcaption");
    this.plates = make("div.plates");
    this.sum = make("p", {}, "…");
    this.channels = make("div.chips");
    this.element = this.#built();
    this.under.resize(this.#size());
    this.#weigh();
  }

  #built() {
    return make(
      "section.flip",
      {},
      make("h3", {}, "where the flip comes from"),
      make("p.small", {}, this.#explained()),
      make(
        "div.columns",
        {},
        make("figure", {}, this.caption, this.over.element),
        this.under.element,
        make("div.weighed", {}, this.plates, this.sum, this.channels),
      ),
    );
  }

  /** The size of the picture of dZ, in pixels. */
  #size() {
    const [rows, cols] = this.spread;
    const cell = Math.min(16, SIZE / Math.max(rows, cols));
    return [cell * cols, cell * rows];
  }

  #explained() {
    const [a, b] = this.windows.axes;
    const both = (key) => (a[key] === b[key] ? a[key] : `${a[key]}×${b[key]}`);
    const around = [`stride ${both("stride")}`, `padding ${both("padding")}`];
    if (a.dilation > 1 || b.dilation > 1) around.push(`dilation ${both("dilation")}`);
    const between = a.stride > 1 || b.stride > 1 ? " The gradients stand a stride apart." : "";
    return `Weight [u,v] saw pixel i from output (i + padding − u) / stride: the further down the weight, the further up the output. So the kernel lies turned by 180° on dZ (${around.join(", ")}).${between} Grey: nothing is there. Pick a pixel.`;
  }

  update() {
    const { app, product, windows } = this;
    this.through = gradientThrough(app.graph, product, windows.image);
    this.over.paint(this.through);
    if (this.picked < 0) this.picked = strongest(this.through);
    this.#show();
  }

  /** Look at a node, if it is a pixel. */
  follow(n) {
    const { graph } = this.app;
    if (graph.tensorOf[n] === this.windows.image.index) this.#pick(graph.placeOf[n]);
  }

  #look(place) {
    this.hovered = place;
    this.#show();
  }

  #pick(place) {
    this.picked = place;
    this.#show();
    const { graph } = this.app;
    this.ring([
      this.pixel,
      ...this.parts.map(({ dot }) => graph.ownerOf(dot)),
      ...this.parts.map((c) => c.weight),
    ]);
  }

  /** Everything that depends on the pixel and on the channel. */
  #show() {
    const { app, product, windows } = this;
    const place = this.hovered >= 0 ? this.hovered : this.picked;
    this.pixel = windows.image.entries[place];
    const parts = this.pixel < 0 ? [] : contributionsTo(app.graph, product, windows.kernel, this.pixel);
    const sums = new Float64Array(product.rows.length);
    for (const { f, product: p } of parts) sums[f] += p;
    this.f = this.channel ?? strongest(sums);
    this.parts = parts.filter(({ f }) => f === this.f);
    this.over.ring("pixel", [place]);
    this.#lay(place);
    this.#weigh();
    this.#sumUp(place, sums);
  }

  /** The gradients of one output channel as the turned kernel meets them, and where it lies now. */
  #lay(place) {
    const { axes, image, output } = this.windows;
    const [rows, cols] = this.spread;
    const numbers = new Float64Array(rows * cols).fill(Number.NaN);
    const reach = axes.map(({ dilation, kernel }) => dilation * (kernel - 1));
    for (const { at, upstream } of this.#outputs()) {
      const [i, j] = axes.map(({ stride, padding }, a) => stride * at[a] - padding + reach[a]);
      if (i >= 0 && i < rows && j >= 0 && j < cols) numbers[i * cols + j] = upstream;
    }
    this.under.show("dZ", { rows, cols, numbers }, this.#size());
    const pixel = address(image.shape, place).slice(-2);
    this.under.mark({ frame: [...pixel, reach[0] + 1, reach[1] + 1] });
    this.under.caption.replaceChildren(
      make("b", {}, "dZ"),
      `: ${output.name}, channel ${this.f}, under the turned kernel`,
    );
    this.caption.replaceChildren(make("b", {}, "dX"), `: ${image.name}${indexText(image.shape, place)}`);
  }

  /** [{at: [row, column], upstream}] of the channel, in the sample that the pixel belongs to. */
  #outputs() {
    const { app, product, windows } = this;
    const { graph } = app;
    const n = product.columns.length;
    const own = Array.from({ length: n }, (_, p) => product.dots[this.f * n + p]);
    const whole = own.map((dot) => ({
      dot,
      at: address(windows.output.shape, graph.placeOf[graph.ownerOf(dot)]),
    }));
    const sample = (at) => at.slice(0, -2).join();
    const first = this.parts.length ? whole.find(({ dot }) => dot === this.parts[0].dot) : whole[0];
    return whole
      .filter(({ at }) => sample(at) === sample(first.at))
      .map(({ dot, at }) => ({ at: at.slice(-2), upstream: graph.adjoint[dot] }));
  }

  /** The kernel, the kernel turned, the gradients under it, and their products. */
  #weigh() {
    const { axes, kernel } = this.windows;
    const [h, w] = axes.map((axis) => axis.kernel);
    const turned = (u, v) => [h - 1 - u, w - 1 - v];
    const at = (u, v) => this.parts.find((part) => part.u === u && part.v === v);
    const weight = (u, v) => this.#weight(u, v);
    const meets = (key) => (u, v) => at(...turned(u, v))?.[key] ?? Number.NaN;
    const plates = [
      [`${kernel.name}[${this.#weightAddress().join(",")}]`, weight, [0, 0]],
      ["turned by 180°", (u, v) => weight(...turned(u, v)), [h - 1, w - 1]],
      [`× dZ[${this.f}] under it`, meets("upstream"), null],
      ["= products", meets("product"), null],
    ];
    this.plates.replaceChildren(...plates.map((p) => plate(p, [h, w])));
  }

  /** [f, c] of the kernel that the pixel meets in this channel. */
  #weightAddress() {
    const { graph } = this.app;
    const weight = this.parts[0]?.weight ?? graph.entriesOf(this.product.rows[this.f])[0];
    return address(this.windows.kernel.shape, graph.placeOf[weight]).slice(0, 2);
  }

  #weight(u, v) {
    const { kernel } = this.windows;
    const [f, c] = this.#weightAddress();
    const [, C, h, w] = kernel.shape;
    return this.app.graph.data[kernel.entries[((f * C + c) * h + u) * w + v]];
  }

  /** The sums of all channels, and what they make. */
  #sumUp(place, sums) {
    const { graph } = this.app;
    const total = this.through[place];
    const own = sums[this.f];
    const name = nameOf(graph, this.pixel);
    const gradient = `${under(rootName(graph))}/${under(name)}`;
    const whole = graph.adjoint[this.pixel] ?? 0;
    const same = Math.abs(whole - total) <= 1e-9 * (Math.abs(whole) + Math.abs(total)) + 1e-300;
    this.sum.replaceChildren(
      `Σ of the products = ${short(own)}; over ${count(sums.length, "channel")}: `,
      make("b.total", {}, full(total)),
      same ? ` = ${gradient}` : `, a part of ${gradient} = ${short(whole)}: others read it too`,
    );
    const strong = [...sums.keys()].sort((a, b) => Math.abs(sums[b]) - Math.abs(sums[a])).slice(0, CHANNELS);
    const chip = (f) =>
      make(
        "button.chip",
        { "aria-pressed": String(f === this.f), onclick: () => this.#choose(f), title: `channel ${f}` },
        make("span.name", {}, `channel ${f}`),
        make("b", {}, short(sums[f])),
      );
    const focused = this.channels.contains(document.activeElement);
    this.channels.replaceChildren(...strong.sort((a, b) => a - b).map(chip));
    if (focused) this.channels.querySelector('[aria-pressed="true"]')?.focus();
  }

  #choose(f) {
    this.channel = f;
    this.#show();
  }
}

/** A small matrix of numbers; what is not there is grey. */
function plate([caption, of, marked], [rows, cols]) {
  const at = (u) => Array.from({ length: cols }, (_, v) => of(u, v));
  const lines = Array.from({ length: rows }, (_, u) => at(u));
  const color = colorScale(largest(lines.flat()));
  const cell = (x, u, v) => {
    const own = marked && marked[0] === u && marked[1] === v ? ".marked" : "";
    return make(`td${own}`, { style: painted(color(x)) }, Number.isNaN(x) ? "" : short3(x));
  };
  return make(
    "figure",
    {},
    make("figcaption", {}, caption),
    make(
      "table.cells",
      {},
      make(
        "tbody",
        {},
        lines.map((line, u) =>
          make(
            "tr",
            {},
            line.map((x, v) => cell(x, u, v)),
          ),
        ),
      ),
    ),
  );
}
