// Where the windows of a matrix product lie on an image, read off the addresses of its entries:
// entry (u, v) of the kernel meets pixel i = stride·o + dilation·u − padding of each output o.

import { address } from "engine/names";

const WINDOWS = 24; // that are looked at
const STEP = 7919; // from one of them to the next: a prime, so that they are of all rows and columns

/** {image, output, kernel, axes: [{stride, dilation, padding, kernel, image, output}]}, or null. */
export function windowsOf(graph, product) {
  const { rows, columns, dots } = product;
  const tensorOf = (n) => graph.tensors[graph.tensorOf[n]];
  const kernel = tensorOf(graph.entriesOf(rows[0])[0]);
  const output = tensorOf(graph.ownerOf(dots[0]));
  const middle = graph.entriesOf(columns[columns.length >> 1]);
  const image = tensorOf(middle.find((n) => graph.tensorOf[n] >= 0) ?? -1);
  if (kernel?.shape.length !== 4 || !(image?.shape.length > 1) || !(output?.shape.length > 1)) return null;
  const samples = samplesOf(graph, product, { kernel, image, output });
  const axes = samples && [0, 1].map((a) => fitted(samples.map((s) => s[a])));
  if (!axes?.every(Boolean)) return null;
  const sizes = (tensor, a) => tensor.shape.at(a - 2);
  const sized = axes.map((axis, a) => ({
    ...axis,
    kernel: sizes(kernel, a),
    image: sizes(image, a),
    output: sizes(output, a),
  }));
  return { image, output, kernel, axes: sized };
}

/** [[{u, o, i}, {u, o, i}], ...]: row and column of the pixels of some windows, a middle one first. */
function samplesOf(graph, { rows, columns, dots }, { kernel, image, output }) {
  const ends = (tensor, n) => address(tensor.shape, graph.placeOf[n]).slice(-2);
  const uv = Array.from(graph.entriesOf(rows[0]), (n) => ends(kernel, n));
  const found = [];
  const n = columns.length;
  for (let at = 0; at < Math.min(n, WINDOWS); at++) {
    const p = ((n >> 1) + at * (n > WINDOWS ? STEP : 1)) % n;
    const o = ends(output, graph.ownerOf(dots[p]));
    const pixels = graph.entriesOf(columns[p]);
    for (let k = 0; k < pixels.length; k++) {
      if (graph.tensorOf[pixels[k]] < 0) continue; // the margin
      if (graph.tensorOf[pixels[k]] !== image.index) return null;
      const i = ends(image, pixels[k]);
      found.push([0, 1].map((a) => ({ u: uv[k][a], o: o[a], i: i[a] })));
    }
  }
  return found;
}

/** The stride, dilation and padding of one axis, if all samples agree. */
function fitted(samples) {
  const [a] = samples;
  const along = samples.find((s) => s.u === a.u && s.o !== a.o);
  const within = samples.find((s) => s.o === a.o && s.u !== a.u);
  const stride = along ? (along.i - a.i) / (along.o - a.o) : 1;
  const dilation = within ? (within.i - a.i) / (within.u - a.u) : 1;
  const padding = stride * a.o + dilation * a.u - a.i;
  const agrees = samples.every((s) => s.i === stride * s.o + dilation * s.u - padding);
  return agrees && stride > 0 && dilation > 0 ? { stride, dilation, padding } : null;
}

/** What reaches a pixel through a product: [{f, u, v, weight, dot, partial, upstream, product}]. */
export function contributionsTo(graph, product, kernel, x) {
  const of = dotsOf(product);
  const found = [];
  graph.eachUse(x, (slot, k) => {
    const dot = graph.slotReader[slot];
    if (!of.has(dot)) return;
    const [left, right] = graph.operandsOf(dot);
    const weight = graph.entriesOf(graph.operands[slot] === left ? right : left)[k];
    const [, , u, v] = address(kernel.shape, graph.placeOf[weight]);
    const [partial, upstream] = [graph.data[weight], graph.adjoint[dot]];
    found.push({ f: of.get(dot), u, v, weight, dot, partial, upstream, product: partial * upstream });
  });
  return found;
}

/** {dot: its row}. */
function dotsOf(product) {
  const { columns } = product;
  product.rowOf ??= new Map([...product.dots].map((dot, at) => [dot, Math.floor(at / columns.length)]));
  return product.rowOf;
}

/** The gradient of every entry of the image as far as it comes through a product. */
export function gradientThrough(graph, { rows, columns, inner, dots }, image) {
  const result = new Float64Array(image.entries.length);
  const right = columns.map((bundle) => graph.entriesOf(bundle));
  rows.forEach((row, f) => {
    const weights = graph.entriesOf(row);
    for (let p = 0; p < columns.length; p++) {
      const upstream = graph.adjoint[dots[f * columns.length + p]];
      for (let k = 0; k < inner; k++) {
        const x = right[p][k];
        if (graph.tensorOf[x] === image.index) result[graph.placeOf[x]] += upstream * graph.data[weights[k]];
      }
    }
  });
  return result;
}
