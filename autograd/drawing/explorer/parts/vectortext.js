// Texts of the page as texts of SVG: a run for each line, held to its width in every font.

import { svg } from "parts/dom";

let context;
const known = new Map();

const canvas = () => {
  context ??= Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", {
    willReadFrequently: true,
  });
  return context;
};

/** A colour of CSS as SVG knows it: {fill: "#rrggbb", "fill-opacity"?}. */
export function colour(css) {
  if (!known.has(css)) {
    const pixel = canvas();
    pixel.clearRect(0, 0, 1, 1);
    pixel.fillStyle = css;
    pixel.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pixel.getImageData(0, 0, 1, 1).data;
    const fill = `#${[r, g, b].map((c) => c.toString(16).padStart(2, "0")).join("")}`;
    known.set(css, a === 255 ? { fill } : { fill, "fill-opacity": Math.round((100 * a) / 255) / 100 });
  }
  return known.get(css);
}

const round = (x) => Math.round(100 * x) / 100;

/** A text node as elements of SVG, where it stands. */
export function written(node, style, pen) {
  const size = Number.parseFloat(style.fontSize);
  const font = `${style.fontStyle} ${style.fontWeight} ${size}px ${style.fontFamily}`;
  return runs(node).map(({ text, left, right, top, bottom }) =>
    svg(
      "text",
      {
        x: round(left - pen.left),
        y: round(baseline(font, top, bottom) - pen.top),
        "font-family": style.fontFamily.replaceAll('"', "'"),
        "font-size": round(size * pen.scale),
        "font-weight": style.fontWeight === "400" ? null : style.fontWeight,
        "font-style": style.fontStyle === "normal" ? null : style.fontStyle,
        textLength: text.length > 1 ? round(right - left) : null,
        lengthAdjust: text.length > 1 ? "spacingAndGlyphs" : null,
        ...colour(style.color),
      },
      text.replaceAll("  ", "\u00a0 "),
    ),
  );
}

/** Where the letters of a line stand: its box is as high as the font rises and falls. */
function baseline(font, top, bottom) {
  const pixel = canvas();
  pixel.font = font;
  const { fontBoundingBoxAscent: rise, fontBoundingBoxDescent: fall } = pixel.measureText("x");
  return top + ((bottom - top) * rise) / (rise + fall);
}

/** The words of a text node by the lines on which they stand. */
function runs(node) {
  const range = document.createRange();
  const found = [];
  for (const { 0: word, index } of node.data.matchAll(/\S+/g)) {
    range.setStart(node, index);
    range.setEnd(node, index + word.length);
    const [{ left, right, top, bottom } = {}] = range.getClientRects();
    if (left === undefined || right === left) continue;
    const last = found.at(-1);
    if (last && Math.abs(last.top - top) < 2 && left >= last.right) {
      last.text += node.data.slice(last.end, index + word.length).replaceAll("\n", " ");
      Object.assign(last, { right, end: index + word.length });
    } else found.push({ text: word, left, right, top, bottom, end: index + word.length });
  }
  return found;
}
