// How a drawing is moved: dragged by a pointer, zoomed by two fingers or by the wheel. Where the page
// itself scrolls, as within a notebook, a drawing that was not clicked yet leaves it the wheel.

import { make } from "parts/dom";

const STILL = 5; // pixels that a click may move
const HINT = "ctrl and wheel zoom; or click into the drawing first";

/** Let gestures on an element call pan(dx, dy) and zoom(by, x, y), in pixels of the element. */
export function gestures(element, { pan, zoom }) {
  drags(element, pan, zoom);
  wheel(element, pan, zoom);
}

function drags(element, pan, zoom) {
  const down = new Map(); // pointer -> where it is
  let dragging = false;
  element.addEventListener("pointerdown", (e) => {
    if (e.button !== 0 || e.target.closest("input")) return;
    if (!down.size) dragging = false;
    down.set(e.pointerId, { x: e.clientX, y: e.clientY });
  });
  element.addEventListener("pointermove", (e) => {
    const before = down.get(e.pointerId);
    if (!before) return;
    const now = { x: e.clientX, y: e.clientY };
    dragging ||= distance(before, now) > STILL;
    if (!dragging) return;
    if (!element.hasPointerCapture(e.pointerId)) element.setPointerCapture(e.pointerId);
    const [other] = [...down].filter(([id]) => id !== e.pointerId).map(([, place]) => place);
    down.set(e.pointerId, now);
    if (other) pinch(element, other, before, now, { pan, zoom });
    else pan(now.x - before.x, now.y - before.y);
  });
  for (const end of ["pointerup", "pointercancel"])
    element.addEventListener(end, (e) => down.delete(e.pointerId));
  const unlessDragged = (e) => {
    if (!dragging) return;
    e.stopPropagation();
    dragging = false;
  };
  element.addEventListener("click", unlessDragged, { capture: true });
}

const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

/** One of two fingers moved: what is between them stays between them. */
function pinch(element, other, before, now, { pan, zoom }) {
  const { left, top } = element.getBoundingClientRect();
  pan((now.x - before.x) / 2, (now.y - before.y) / 2);
  const by = distance(other, now) / Math.max(1, distance(other, before));
  zoom(by, (other.x + now.x) / 2 - left, (other.y + now.y) / 2 - top);
}

function wheel(element, pan, zoom) {
  let entered = false; // by a click
  const hint = make("p.wheel", { hidden: "" }, HINT);
  element.append(hint);
  element.addEventListener("pointerdown", () => {
    entered = true;
  });
  element.addEventListener("pointerleave", (e) => {
    if (e.pointerType === "mouse") entered = false;
    hint.hidden = true;
  });
  const turned = (e) => {
    const zooms = e.ctrlKey || e.metaKey;
    hint.hidden = zooms || entered || !pageScrolls();
    if (!hint.hidden) return;
    e.preventDefault();
    const { left, top } = element.getBoundingClientRect();
    if (!zooms && (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY))) pan(-(e.deltaX || e.deltaY), 0);
    else zoom(Math.exp(-e.deltaY / (e.ctrlKey ? 100 : 400)), e.clientX - left, e.clientY - top);
  };
  element.addEventListener("wheel", turned, { passive: false });
}

/** Whether the wheel may have something to scroll around the drawing. */
const pageScrolls = () =>
  window.parent !== window || document.documentElement.scrollHeight > window.innerHeight + 1;
