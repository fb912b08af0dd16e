// A part of the page as SVG: boxes, texts, lines and pictures, as the browser has placed them. No element of
// HTML is in it, so every program that reads SVG can open and change it.

import { svg } from "parts/dom";
import { colour, written } from "parts/vectortext";

const SHAPES = "g, path, line, polyline, polygon, rect, circle, ellipse, text, tspan";
const LOOKS = ["stroke-width", "stroke-dasharray", "stroke-linejoin", "opacity", "text-anchor"];
const LEFT_OUT = "script, style, dialog, datalist, option, [hidden]";
const USUAL = new Set(["none", "1", "start", "miter", ""]);
const MARGIN = 8; // pixels around a picture
const SIDES = ["Top", "Right", "Bottom", "Left"];

/** Elements as one SVG, one below the other on a ground of a colour: {text, width, height}. */
export function vector(elements, paper) {
  const areas = elements.map((element) => element.getBoundingClientRect());
  const width = Math.ceil(Math.max(...areas.map((a) => a.width)) + 2 * MARGIN);
  const height = Math.ceil(areas.reduce((sum, a) => sum + a.height, 2 * MARGIN));
  const sheet = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}` });
  sheet.append(svg("rect", { width, height, fill: paper }));
  let y = MARGIN;
  elements.forEach((element, k) => {
    const { left, top, height } = areas[k];
    paint(element, sheet, { left: left - MARGIN, top: top - y, scale: 1, sheet });
    y += height;
  });
  return { text: new XMLSerializer().serializeToString(sheet), width, height };
}

function paint(element, into, pen) {
  const style = getComputedStyle(element);
  if (element.matches(LEFT_OUT) || !element.checkVisibility({ visibilityProperty: true })) return;
  if (element instanceof SVGElement) {
    drawing(element, into, pen);
    return;
  }
  const own = { ...pen, scale: pen.scale * scaleOf(style) };
  const box = placed(element.getBoundingClientRect(), pen);
  ground(style, box, into, own.scale);
  if (element instanceof HTMLCanvasElement) into.append(image(element, box));
  if (element.matches("input, select, textarea")) control(element, style, box, into, own);
  const inner = clipped(element, style, box, into, pen);
  for (const child of element.childNodes) {
    if (child instanceof Element) paint(child, inner, own);
    else if (child instanceof Text) inner.append(...written(child, style, own));
  }
}

const scaleOf = ({ transform }) => (transform.startsWith("matrix") ? new DOMMatrix(transform).a : 1);

const placed = ({ left, top, width, height }, pen) => ({
  x: left - pen.left,
  y: top - pen.top,
  width,
  height,
});

const round = (x) => Math.round(100 * x) / 100;

function rectangle({ x, y, width, height }, grown, attributes) {
  return svg("rect", {
    x: round(x - grown),
    y: round(y - grown),
    width: Math.max(0, round(width + 2 * grown)),
    height: Math.max(0, round(height + 2 * grown)),
    ...attributes,
  });
}

/** What holds more than it shows is cut in the picture as on the page. */
function clipped(element, style, box, into, pen) {
  const { scrollWidth, clientWidth, scrollHeight, clientHeight } = element;
  const more = scrollWidth > clientWidth + 1 || scrollHeight > clientHeight + 4;
  if (style.overflowX === "visible" || !more) return into;
  const id = `clip${pen.sheet.querySelectorAll("clipPath").length}`;
  const group = svg("g", { "clip-path": `url(#${id})` });
  into.append(svg("clipPath", { id }, rectangle(box, 0, {})), group);
  return group;
}

// --- boxes -----------------------------------------------------------------------------------------

function ground(style, box, into, scale) {
  if (!box.width || !box.height) return;
  const rx = round(Number.parseFloat(style.borderTopLeftRadius) * scale) || null;
  const fill = colour(style.backgroundColor);
  if (fill["fill-opacity"] !== 0) into.append(rectangle(box, 0, { ...fill, rx }));
  const bar = /^(rgb.*?\)) 0px -(\d+)px 0px 0px inset$/.exec(style.boxShadow); // of what is done
  if (bar) {
    const high = Number(bar[2]) * scale;
    const x = box.x + (rx ?? 0) / 2; // within round corners
    const line = { x, y: box.y + box.height - high, width: box.width - (rx ?? 0), height: high };
    into.append(rectangle(line, 0, colour(bar[1])));
  }
  borders(style, box, into, scale, rx);
  const wide = Number.parseFloat(style.outlineWidth) * scale;
  if (style.outlineStyle === "none" || !wide) return;
  const grown = Number.parseFloat(style.outlineOffset) * scale + wide / 2;
  into.append(rectangle(box, grown, { ...stroke(style.outlineColor, wide, style.outlineStyle), rx }));
}

function borders(style, box, into, scale, rx) {
  const sides = SIDES.map((side) => ({
    wide: style[`border${side}Style`] === "none" ? 0 : Number.parseFloat(style[`border${side}Width`]) * scale,
    line: style[`border${side}Style`],
    colour: style[`border${side}Color`],
  }));
  const [{ wide, line, colour: hue }] = sides;
  if (sides.every((side) => side.wide && side.colour === hue)) {
    const strokes =
      line === "double"
        ? [
            [wide / 3, wide / 6],
            [wide / 3, (5 * wide) / 6],
          ]
        : [[wide, wide / 2]];
    for (const [width, inset] of strokes)
      into.append(rectangle(box, -inset, { ...stroke(hue, width, line), rx }));
    return;
  }
  const { x, y, width, height } = box;
  const corners = [
    [x, y],
    [x + width, y],
    [x + width, y + height],
    [x, y + height],
  ];
  sides.forEach((side, k) => {
    if (!side.wide) return;
    const [[x1, y1], [x2, y2]] = [corners[k], corners[(k + 1) % 4]].map((at) => at.map(round));
    into.append(svg("line", { x1, y1, x2, y2, ...stroke(side.colour, side.wide, side.line) }));
  });
}

function stroke(hue, width, line) {
  const { fill, "fill-opacity": opacity } = colour(hue);
  const dashes = { dashed: `${3 * width} ${2 * width}`, dotted: `${width} ${width}` };
  return {
    fill: "none",
    stroke: fill,
    "stroke-opacity": opacity,
    "stroke-width": round(width),
    "stroke-dasharray": dashes[line],
  };
}

function image(canvas, { x, y, width, height }) {
  return svg("image", {
    x: round(x),
    y: round(y),
    width: round(width),
    height: round(height),
    preserveAspectRatio: "none",
    style: "image-rendering:pixelated",
    href: canvas.toDataURL(),
  });
}

/** What a control holds: a text, or how far a slider is. */
function control(element, style, box, into, pen) {
  if (element.type === "range") {
    const share = (element.value - element.min) / (element.max - element.min || 1);
    const y = box.y + box.height / 2;
    const line = { x1: box.x, x2: box.x + box.width, y1: y, y2: y };
    into.append(svg("line", { ...line, ...stroke(style.color, 2 * pen.scale, "solid") }));
    into.append(
      svg("circle", { cx: box.x + share * box.width, cy: y, r: box.height / 3, ...colour(style.color) }),
    );
    return;
  }
  const text = element.selectedOptions?.[0]?.text ?? element.value;
  const [x, y] = [box.x + 9 * pen.scale, box.y + box.height / 2];
  const font = {
    "font-family": style.fontFamily,
    "font-size": round(Number.parseFloat(style.fontSize) * pen.scale),
  };
  into.append(svg("text", { x, y, "dominant-baseline": "central", ...font, ...colour(style.color) }, text));
}

// --- drawings --------------------------------------------------------------------------------------

/** Lines and shapes of SVG in the page, with what style sheets say of them. */
function drawing(element, into, pen) {
  if (element instanceof SVGSVGElement) {
    for (const child of element.children) drawing(child, into, pen);
    return;
  }
  if (!element.matches(SHAPES) || getComputedStyle(element).visibility === "hidden") return;
  const copy = looks(element);
  const { a, b, c, d, e, f } = element.getScreenCTM();
  copy.setAttribute("transform", `matrix(${[a, b, c, d, e - pen.left, f - pen.top].map(round).join(" ")})`);
  copy.removeAttribute("class");
  copy.removeAttribute("style");
  copy.removeAttribute("marker-end");
  if (element.matches("g")) {
    for (const child of element.children) drawing(child, into, pen);
    return;
  }
  into.append(copy);
  if (element.hasAttribute("marker-end")) into.append(tip(element, copy));
}

function looks(element) {
  const style = getComputedStyle(element);
  const copy = element.cloneNode(element.matches("text"));
  for (const name of LOOKS)
    if (!USUAL.has(style.getPropertyValue(name))) copy.setAttribute(name, style.getPropertyValue(name));
  const [fill, line] = [style.fill, style.stroke].map((hue) => (hue === "none" ? null : colour(hue)));
  copy.setAttribute("fill", fill?.fill ?? "none");
  if (fill?.["fill-opacity"] !== undefined) copy.setAttribute("fill-opacity", fill["fill-opacity"]);
  if (element.matches("text, tspan")) copy.setAttribute("font-size", style.fontSize);
  if (line) copy.setAttribute("stroke", line.fill);
  return copy;
}

/** The point of an arrow, as a shape of its own. */
function tip(path, copy) {
  const length = path.getTotalLength();
  const [before, end] = [length - 1, length].map((at) => path.getPointAtLength(Math.max(0, at)));
  const angle = (Math.atan2(end.y - before.y, end.x - before.x) * 180) / Math.PI;
  const there = `translate(${round(end.x)} ${round(end.y)}) rotate(${round(angle)})`;
  const transform = `${copy.getAttribute("transform")} ${there}`;
  return svg("path", { d: "M-1,-4 L8,0 L-1,4 z", transform, fill: copy.getAttribute("stroke") });
}
