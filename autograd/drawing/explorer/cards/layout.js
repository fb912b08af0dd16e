// Where boxes and arrows go: Graphviz in a worker, with a plain layering where it cannot be had.

import { inflated } from "engine/decode";

export const TIP = 9; // pixels, of an arrow's point, in which a line does not go on
const PATIENCE = 4_000; // milliseconds
const MOST = 350; // boxes and arrows that Graphviz is asked to place
let worker;
let next = 0;
const waiting = new Map();

async function started() {
  const text = new TextDecoder().decode(await inflated("viz"));
  const script = document.getElementById("layout-worker").textContent;
  const url = URL.createObjectURL(new Blob([text, "\n", script], { type: "text/javascript" }));
  const made = new Worker(url);
  made.onmessage = ({ data }) => {
    waiting.get(data.id)?.(data.layout ?? null);
    waiting.delete(data.id);
  };
  return made;
}

/** Let Graphviz get ready, while the page does something else. */
export function wake() {
  worker ??= started();
  worker.catch(() => {}); // whoever asks is told
}

function ask(dot) {
  wake();
  const id = next++;
  return new Promise((resolve) => {
    waiting.set(id, resolve);
    const asked = worker;
    setTimeout(() => waiting.has(id) && giveUp(asked), PATIENCE);
    worker.then((w) => w.postMessage({ id, dot })).catch(() => resolve(null));
  });
}

/** End a worker that takes too long; what waits for it is placed in columns. */
function giveUp(asked) {
  asked.then((w) => w.terminate());
  if (worker === asked) worker = undefined;
  for (const resolve of waiting.values()) resolve(null);
  waiting.clear();
}

/**
 * Place boxes {id, width, height} and arrows {from, to, label: {width, height}?}: {width, height,
 * boxes: [{x, y}] (top left), arrows: [{path, label: {x, y}}]}, in pixels, left to right. Frames
 * {ids (directly within), all (however deep), parent, title: {width, height}} go around boxes: {x, y, width, height} each.
 */
export async function placed(boxes, arrows, frames = []) {
  const few = boxes.length + arrows.length <= MOST;
  const layout = few ? await ask(dotOf(boxes, arrows, frames)) : null;
  return layout ? read(layout, boxes, arrows, frames) : layered(boxes, arrows, frames);
}

const inches = (pixels) => (pixels / 72).toFixed(3);

/** What takes some room where Graphviz would write a text. */
const room = ({ width, height }) =>
  `<<table border="0" fixedsize="true" width="${width}" height="${height}"><tr><td></td></tr></table>>`;

function dotOf(boxes, arrows, frames) {
  const number = new Map(boxes.map((b, k) => [b.id, k]));
  const nodes = boxes.map((b, k) => `b${k} [width=${inches(b.width)}, height=${inches(b.height)}];`);
  const edges = arrows.map(({ from, to, label }, k) => {
    const space = label ? `, label=${room(label)}` : "";
    return `b${number.get(from)} -> b${number.get(to)} [id=e${k}${space}];`;
  });
  const within = (parent) =>
    frames.flatMap((frame, k) => {
      if (frame.parent !== parent) return [];
      const inside = [...frame.ids.map((id) => `b${number.get(id)};`), ...within(k)];
      return [`subgraph cluster_${k} { margin=10; labeljust=l; label=${room(frame.title)};`, ...inside, "}"];
    });
  return `digraph { rankdir=LR; ranksep=0.4; nodesep=0.2; ordering=in; node [shape=box, fixedsize=true, label=""]; edge [arrowsize=${TIP / 10}];
${nodes.join("\n")}
${within(-1).join("\n")}
${edges.join("\n")}
}`;
}

/** Graphviz's answer, turned upside down: its origin is at the lower left. */
function read(layout, boxes, arrows, frames) {
  const numbers = (text) => text.split(",").map(Number);
  const [, , width, height] = numbers(layout.bb);
  const flip = (text) => {
    const [x, y] = numbers(text);
    return { x, y: height - y };
  };
  const named = new Map((layout.objects ?? []).map((object) => [object.name, object]));
  const result = { width, height, boxes: [], arrows: arrows.map(() => null), frames: [] };
  boxes.forEach((box, k) => {
    const centre = flip(named.get(`b${k}`).pos);
    result.boxes.push({ x: centre.x - box.width / 2, y: centre.y - box.height / 2 });
  });
  frames.forEach((_, k) => {
    const [left, low, right, high] = numbers(named.get(`cluster_${k}`).bb);
    result.frames.push({ x: left, y: height - high, width: right - left, height: high - low });
  });
  for (const edge of layout.edges ?? []) {
    const points = edge.pos.split(" ");
    if (points[0].startsWith("e")) points.shift(); // where the point of the arrow ends
    const [start, ...rest] = points.map(flip);
    const curve = rest.map(({ x, y }) => `${x},${y}`).join(" ");
    const path = `M${start.x},${start.y} C${curve}`;
    result.arrows[Number(edge.id.slice(1))] = { path, label: edge.lp ? flip(edge.lp) : null };
  }
  return result;
}

/** Columns by the longest way from the start: no crossing is avoided, but it takes no time. */
function layered(boxes, arrows, frames) {
  const column = new Map(boxes.map((b) => [b.id, 0]));
  for (let round = 0, moved = true; moved && round < boxes.length; round++) {
    moved = false;
    for (const { from, to } of arrows) {
      if (column.get(to) > column.get(from)) continue;
      column.set(to, column.get(from) + 1);
      moved = true;
    }
  }
  const widths = [];
  for (const box of boxes) widths[column.get(box.id)] = Math.max(widths[column.get(box.id)] ?? 0, box.width);
  const left = [0];
  for (const w of widths) left.push(left.at(-1) + w + 60);
  const heights = widths.map(() => 0);
  const places = boxes.map((box) => {
    const c = column.get(box.id);
    const y = heights[c];
    heights[c] += box.height + 16;
    return { x: left[c], y };
  });
  const number = new Map(boxes.map((b, k) => [b.id, k]));
  const lines = arrows.map(({ from, to, label }) => {
    const [a, b] = [number.get(from), number.get(to)];
    const start = { x: places[a].x + boxes[a].width, y: places[a].y + boxes[a].height / 2 };
    const end = { x: places[b].x - TIP, y: places[b].y + boxes[b].height / 2 };
    return {
      path: `M${start.x},${start.y} L${end.x},${end.y}`,
      label: { x: (start.x + end.x) / 2, y: (start.y + end.y - (label?.height ?? 0)) / 2 }, // above it
    };
  });
  const around = frames.map((frame) => bounds(frame, boxes, places, number));
  return {
    width: left.at(-1),
    height: Math.max(0, ...heights),
    boxes: places,
    arrows: lines,
    frames: around,
  };
}

/** The rectangle around the boxes of a frame. */
function bounds({ all }, boxes, places, number) {
  const within = all.map((id) => ({ ...places[number.get(id)], ...size(boxes[number.get(id)]) }));
  const [x, y] = [Math.min(...within.map((b) => b.x)) - 10, Math.min(...within.map((b) => b.y)) - 30];
  const right = Math.max(...within.map((b) => b.x + b.width));
  const low = Math.max(...within.map((b) => b.y + b.height));
  return { x, y, width: right + 10 - x, height: low + 10 - y };
}

const size = ({ width, height }) => ({ width, height });
