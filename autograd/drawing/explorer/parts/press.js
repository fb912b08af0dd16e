// A finger cannot hover: a long press shows what hovering shows, and titles as a bubble. It follows the
// finger, stays when that is lifted, and goes with the next touch.

import { make } from "parts/dom";

const LONG = 450; // milliseconds
const STILL = 10; // pixels that a finger that does not move may move

/** Let long presses hover, everywhere on the page. */
export function longPresses() {
  const bubble = make("div.bubble", { role: "status", hidden: "" });
  document.body.append(bubble);
  let timer;
  let start = null;
  let over = null; // the element that a pressing finger is or was on
  const hover = (x, y) => {
    over = moved(over, document.elementFromPoint(x, y), x, y);
    say(bubble, over?.closest("[title]")?.title ?? "", x, y);
  };
  const listen = (type, action) => document.addEventListener(type, action, { capture: true, passive: false });
  listen("pointerdown", (e) => {
    clearTimeout(timer);
    if (over) over = moved(over, null);
    bubble.hidden = true;
    const presses = e.pointerType === "touch" && e.isPrimary && !e.target.closest("input, .painted");
    start = presses ? { x: e.clientX, y: e.clientY, since: e.timeStamp } : null;
    if (start) timer = setTimeout(() => hover(start.x, start.y), LONG);
  });
  listen("pointermove", (e) => {
    if (e.pointerType !== "touch" || !e.isTrusted) return;
    if (over) e.stopPropagation();
    else if (start && Math.hypot(e.clientX - start.x, e.clientY - start.y) > STILL) clearTimeout(timer);
    if (over) hover(e.clientX, e.clientY);
  });
  listen("pointercancel", () => clearTimeout(timer));
  listen("pointerup", (e) => {
    clearTimeout(timer);
    if (!over || !start || e.timeStamp - start.since >= LONG) return;
    over = moved(over, null); // a tap, of which a busy page heard late
    bubble.hidden = true;
  });
  for (const type of ["touchmove", "contextmenu"]) listen(type, (e) => over && start && e.preventDefault());
  listen("click", (e) => {
    if (!over || !start) return;
    e.preventDefault();
    e.stopPropagation();
    start = null;
  });
}

/** Tell elements that a pointer left the one and is over the other, as a mouse would. */
function moved(from, to, x = 0, y = 0) {
  const send = (element, type, bubbles) =>
    element.dispatchEvent(new PointerEvent(type, { bubbles, clientX: x, clientY: y, pointerType: "mouse" }));
  if (from && from !== to) {
    send(from, "pointerout", true);
    send(from, "pointerleave", false);
  }
  if (to && from !== to) send(to, "pointerover", true);
  if (to) send(to, "pointermove", true);
  return to;
}

function say(bubble, text, x, y) {
  bubble.hidden = !text;
  bubble.textContent = text;
  const { width, height } = bubble.getBoundingClientRect();
  bubble.style.left = `${Math.max(4, Math.min(x - width / 2, window.innerWidth - width - 4))}px`;
  bubble.style.top = `${y - height - 36 > 0 ? y - height - 36 : y + 36}px`; // not under the finger
}
