// Boxes and arrows that can be moved and zoomed: the model as layers, an expression as nodes.

import { gestures } from "cards/gestures";
import { placed, TIP } from "cards/layout";
import { clamp } from "engine/reversepass";
import { make, svg } from "parts/dom";

const MARGIN = 10; // pixels
const LEGIBLE = 0.72;
let markers = 0;

export class Diagram {
  /**
   * boxes: {id, element, width, height}; arrows: {from, to, label: {element, width, height}}; frames
   * around boxes: {id, element, ids, all, parent, title: {width, height}}.
   */
  constructor(label) {
    this.lines = svg("svg", { class: "arrows" });
    this.sheet = make("div.sheet", {}, this.lines);
    this.element = make("div.diagram", { role: "group", "aria-label": label }, this.sheet);
    this.view = { x: 0, y: 0, scale: 1 };
    this.fitted = "usual"; // how the view was fitted, as long as nobody moves it
    this.room = { width: 0, height: 0 };
    this.#listen();
  }

  /** Lay out and show; `attach(element)` puts it into the page once it is known where all is. */
  async show(boxes, arrows, frames = [], attach = () => {}) {
    const layout = await placed(boxes, arrows, frames);
    attach(this.element);
    this.size = layout;
    this.places = new Map(boxes.map((box, k) => [box.id, { ...layout.boxes[k], ...box }]));
    const tip = `tip${markers++}`;
    const marker = svg(
      "marker",
      {
        id: tip,
        viewBox: "0 0 8 8",
        refX: 1,
        refY: 4,
        markerUnits: "userSpaceOnUse",
        markerWidth: TIP,
        markerHeight: TIP,
        orient: "auto",
      },
      svg("path", { d: "M0,0 L8,4 L0,8 z", class: "tip" }),
    );
    this.paths = arrows.map((_, k) =>
      svg("path", {
        d: layout.arrows[k].path,
        class: "arrow",
        "marker-end": `url(#${tip})`,
      }),
    );
    this.lines.setAttribute("width", layout.width);
    this.lines.setAttribute("height", layout.height);
    this.lines.replaceChildren(svg("defs", {}, marker), ...this.paths);
    this.sheet.style.cssText += `width:${layout.width}px;height:${layout.height}px`;
    const labels = arrows.map((arrow, k) => arrow.label && this.#label(arrow.label, layout.arrows[k].label));
    const around = frames.map((frame, k) => ({ ...layout.frames[k], ...frame }));
    for (const frame of around) this.places.set(frame.id, frame);
    for (const { element, x, y, width, height } of this.places.values())
      element.style.cssText += `left:${x}px;top:${y}px;width:${width}px;height:${height}px`;
    const elements = [...around, ...boxes].map((b) => b.element);
    this.sheet.replaceChildren(
      ...elements.slice(0, frames.length),
      this.lines,
      ...elements.slice(frames.length),
      ...labels.filter(Boolean),
    );
    this.fit();
  }

  #label({ element, width, height }, at) {
    element.classList.add("label");
    element.style.cssText += `left:${at.x - width / 2}px;top:${at.y - height / 2}px;width:${width}px;height:${height}px`;
    return element;
  }

  /** Show the whole drawing, no larger than it is; unless `all`, long ones at a legible size. */
  fit(all = false) {
    if (!this.size) return;
    this.fitted = all ? "all" : "usual";
    const { clientWidth: w, clientHeight: h } = this.element;
    const high = (h - 2 * MARGIN) / this.size.height;
    const whole = Math.min((w - 2 * MARGIN) / this.size.width, high);
    const scale = clamp(whole, all ? 0 : Math.min(LEGIBLE, high), 1);
    const slack = (room, size) => Math.max(MARGIN, (room - size * scale) / 2);
    this.#move({ x: slack(w, this.size.width), y: slack(h, this.size.height), scale });
  }

  /** Where the first box or frame of these that is there is on the screen, and how large. */
  anchor(ids) {
    const id = ids.find((one) => this.places?.has(one));
    if (id === undefined) return null;
    const { x, y, scale } = this.view;
    const at = this.places.get(id);
    return { left: x + at.x * scale, top: y + at.y * scale, scale };
  }

  /** Leave that where it was in another drawing, unless the whole fits in and is legible. */
  hold(ids, anchor) {
    const id = ids.find((one) => this.places.has(one));
    const { width, height } = this.size;
    const { clientWidth: w, clientHeight: h } = this.element;
    if (id === undefined || (width * LEGIBLE <= w && height * LEGIBLE <= h)) return;
    const { left, top, scale } = anchor;
    this.fitted = "";
    const at = this.places.get(id);
    this.#move({ x: left - at.x * scale, y: top - at.y * scale, scale });
  }

  /** Bring a box into sight. */
  reveal(id) {
    const box = this.places?.get(id);
    if (!box) return;
    this.revealed = id;
    const { x, y, scale } = this.view;
    const { clientWidth: w, clientHeight: h } = this.element;
    const [left, top] = [x + box.x * scale, y + box.y * scale];
    const [wide, high] = [box.width * scale, box.height * scale];
    const inside = left >= 0 && top >= 0 && left + wide <= w && top + high <= h;
    if (inside) return;
    this.#move({
      x: w / 2 - (box.x + box.width / 2) * scale,
      y: h / 2 - (box.y + box.height / 2) * scale,
      scale,
    });
  }

  pan(dx, dy) {
    this.fitted = "";
    this.#move({ ...this.view, x: this.view.x + dx, y: this.view.y + dy });
  }

  zoom(by, x = this.element.clientWidth / 2, y = this.element.clientHeight / 2) {
    const scale = clamp(this.view.scale * by, 0.02, 4);
    const k = scale / this.view.scale;
    this.fitted = "";
    this.#move({ x: x - (x - this.view.x) * k, y: y - (y - this.view.y) * k, scale });
  }

  /** Show the drawing at its own size, for a picture; `place(view)` goes back. */
  natural() {
    this.place({ x: 0, y: 0, scale: 1 });
  }

  place(view) {
    this.#move(view);
  }

  #move(view) {
    this.view = view;
    const right = view.x + (this.size?.width ?? 0) * view.scale;
    this.element.classList.toggle("more", right > this.element.clientWidth);
    this.element.classList.toggle("less", view.x < 0);
    this.sheet.style.transform = `translate(${view.x}px,${view.y}px) scale(${view.scale})`;
  }

  /** Another window, or a phone that was turned: fit again, or keep the middle in the middle. */
  #resized() {
    const { clientWidth: width, clientHeight: height } = this.element;
    const { room } = this;
    this.room = { width, height };
    if (!room.width || !width) return;
    if (this.fitted) this.fit(this.fitted === "all");
    else this.pan((width - room.width) / 2, (height - room.height) / 2);
    this.reveal(this.revealed);
  }

  #listen() {
    const { element } = this;
    gestures(element, { pan: (dx, dy) => this.pan(dx, dy), zoom: (...how) => this.zoom(...how) });
    element.addEventListener("dblclick", () => this.fit(true));
    element.addEventListener("focusin", (e) => {
      if (e.target.matches(":focus-visible")) this.reveal(e.target.closest("[data-box]")?.dataset.box);
    });
    new ResizeObserver(() => this.#resized()).observe(element);
  }
}
