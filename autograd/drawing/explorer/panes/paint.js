// An input image that can be painted on: pen, rubber, clear.

import { largest } from "parts/colors";
import { make } from "parts/dom";
import { onceAFrame } from "parts/frames";

const FINE = 16; // pixels wide; on finer images the pen colours its neighbours by half

/** Whether a tensor is something to paint on: an input with rows and columns. */
export const isPaintable = ({ live: network }, { leaf, parameter, shape }) =>
  !network.frozen && leaf && !parameter && shape.length > 1 && shape.at(-1) > 3 && shape.at(-2) > 3;

/** Let a pen change what a map shows; its tools. */
export function painting(app, map) {
  const { live: network, graph } = app;
  const { tensor, maps } = map;
  const most = largest([...tensor.entries].map((n) => (n < 0 ? 0 : graph.original[n]))) || 1;
  let tool = null;
  const pressed = () => {
    for (const button of buttons) button.setAttribute("aria-pressed", button.dataset.tool === tool);
    maps.overlay.classList.toggle("painted", tool !== null);
  };
  const choose = (name) => {
    tool = tool === name ? null : name;
    pressed();
  };
  const buttons = ["pen", "rubber"].map((name) =>
    make("button.small", { "data-tool": name, "aria-pressed": false, onclick: () => choose(name) }, name),
  );
  const clear = make("button.small", { onclick: () => clearAll(app, tensor) }, "clear");
  listen(maps.overlay, {
    active: () => tool !== null,
    begin: () => network.hold(),
    at: (events) =>
      stroke(app, tensor, new Set(events.map((e) => maps.placeAt(e))), tool === "pen" ? most : 0),
    end: () => network.release(),
  });
  return make("div.tools", { role: "group", "aria-label": `paint on ${tensor.name}` }, buttons, clear);
}

function clearAll({ live: network }, { name, entries }) {
  const all = [...entries].filter((n) => n >= 0).map((n) => [n, 0]);
  network.setMany(all, `${name} cleared`);
}

/** Colour pixels, and those beside them by half where the image is fine. */
function stroke({ live: network, graph }, { name, shape, entries }, places, x) {
  places.delete(-1);
  const beside = shape.at(-1) < FINE ? [] : [...places].flatMap((p) => neighbours(shape, p));
  const half = (p) => (x ? Math.max(x / 2, graph.data[entries[p]]) : 0);
  const colours = new Map([...beside.map((p) => [p, half(p)]), ...[...places].map((p) => [p, x])]);
  const pairs = [...colours].filter(([p]) => entries[p] >= 0).map(([p, colour]) => [entries[p], colour]);
  network.setMany(pairs, `painted on ${name}`);
}

/** The places above, below, left and right of one in its own plane. */
function neighbours(shape, place) {
  const [rows, cols] = shape.slice(-2);
  const [i, j] = [Math.floor(place / cols) % rows, place % cols];
  return [
    i > 0 && place - cols,
    i + 1 < rows && place + cols,
    j > 0 && place - 1,
    j + 1 < cols && place + 1,
  ].filter((p) => p !== false);
}

/** Strokes of a mouse, a pen or a finger, before the map itself hears of them. */
function listen(overlay, { active, begin, at, end }) {
  let down = false;
  const waiting = [];
  const follow = onceAFrame(() => at(waiting.splice(0)));
  const on = (type, action) =>
    overlay.addEventListener(
      type,
      (event) => {
        if (!active() || (type !== "pointerdown" && type !== "click" && !down)) return;
        event.stopImmediatePropagation();
        if (type !== "click") event.preventDefault();
        action(event);
      },
      { capture: true },
    );
  on("pointerdown", (event) => {
    down = true;
    overlay.setPointerCapture(event.pointerId);
    begin();
    at([event]);
  });
  on("pointermove", (event) => {
    waiting.push(...(event.getCoalescedEvents?.() ?? []), event);
    follow();
  });
  const stop = () => {
    down = false;
    requestAnimationFrame(end);
  };
  on("pointerup", stop);
  on("pointercancel", stop);
  on("click", () => {});
}
