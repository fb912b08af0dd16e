// A small picture of a sample: an image (channels, rows, columns), rows and columns, or a row.

import { channels, themeColor } from "parts/colors";
import { make } from "parts/dom";

/** A canvas of numbers in a shape, where [lo, hi] is from paper to ink, or from black to full colour. */
export function thumbnail(numbers, shape, [lo, hi]) {
  const [width, height] = [shape.at(-1) ?? 1, shape.at(-2) ?? 1];
  const canvas = make("canvas.thumbnail", { width, height });
  const picture = new ImageData(width, height);
  const plane = width * height;
  const share = (k) => Math.min(1, Math.max(0, (numbers[k] - lo) / (hi - lo || 1)));
  const [paper, ink] = ["paper", "ink"].map((name) => channels(themeColor(name)));
  for (let k = 0; k < plane; k++) {
    const colour =
      numbers.length === 3 * plane
        ? [0, 1, 2].map((c) => 255 * share(k + c * plane))
        : paper.map((from, c) => from + (ink[c] - from) * share(k));
    picture.data.set([...colour, 255], 4 * k);
  }
  canvas.getContext("2d").putImageData(picture, 0, 0);
  return canvas;
}
