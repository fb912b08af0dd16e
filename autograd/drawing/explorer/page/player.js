// Both passes, step by step: buttons, slider, keys, and words.

import { GRAINS } from "engine/reversepass";
import { make } from "parts/dom";

const PACE = { layer: 900, channel: 250, scalar: 120 }; // milliseconds a step

export class Player {
  constructor(app) {
    Object.assign(this, { app, timer: null });
    const { state, timeline } = app;
    const button = (text, title, onclick) => make("button", { title, "aria-label": title, onclick }, text);
    this.play = button("▶", "play or pause (space)", () => this.toggle());
    this.slider = make("input.slider", {
      type: "range",
      min: -timeline.end, // half of the way is forward, however many steps it has
      max: timeline.end,
      step: 1,
      list: "result",
      "aria-label": "step of the forward and the reverse pass",
      oninput: () => this.go(this.#timeAt(Number(this.slider.value))),
    });
    this.grain = this.#grains();
    this.words = make("output.words", { "aria-live": "polite" }, "");
    this.clock = make("span.small.clock", {}, "");
    this.element = make(
      "div.player",
      {},
      this.#controls(button),
      make("label.small", {}, "by ", this.grain),
      this.slider,
      make("datalist", { id: "result" }, make("option", { value: 0 })), // a mark in the middle
      this.clock,
      this.words,
    );
    state.onChange(() => this.update());
    this.update();
  }

  #controls(button) {
    const { start, end } = this.app.timeline;
    return make(
      "span.controls",
      {},
      button("|◀", "to the start of the forward pass (Home)", () => this.go(start)),
      button("◁", "one step back (←)", () => this.step(-1)),
      this.play,
      button("▷", "one step (→)", () => this.step(1)),
      button("◆", "to the result: forward is done, reverse begins", () => this.go(0)),
      button("▶|", "to the end of the reverse pass (End)", () => this.go(end)),
    );
  }

  #grains() {
    const { state } = this.app;
    return make(
      "select",
      { "aria-label": "grain of a step (g)", onchange: () => state.set({ grain: this.grain.value }) },
      GRAINS.map((g) => make("option", { value: g }, g)),
    );
  }

  #timeAt(place) {
    const { start, end } = this.app.timeline;
    return place < 0 ? Math.round((place / end) * -start) : place;
  }

  #placeOf(time) {
    const { start, end } = this.app.timeline;
    return time < 0 ? Math.round((time / -start) * end) : time;
  }

  toggle() {
    if (this.timer) return this.pause();
    const { state, timeline } = this.app;
    if (state.time >= timeline.end) this.go(timeline.start);
    const tick = () => {
      this.step(1);
      this.timer = state.time < timeline.end ? setTimeout(tick, PACE[state.grain]) : null;
      this.update();
    };
    this.timer = setTimeout(tick, PACE[state.grain]);
    return this.update();
  }

  pause() {
    clearTimeout(this.timer);
    this.timer = null;
    this.update();
  }

  step(direction) {
    const { state, timeline } = this.app;
    const time = timeline.next(state.time, state.grain, direction);
    this.go(time, direction > 0 ? state.time : timeline.next(time, state.grain, -1));
  }

  /** Go to a time, and look at the layer that is at work, unless a node is being looked at; forward
   * at values, in reverse at gradients. */
  go(time, before = Math.max(this.app.timeline.start, time - 1)) {
    const { state, timeline, graph } = this.app;
    const changes = { time, before };
    if (time < 0) changes.show = "value";
    if (time > 0 && state.show === "value") changes.show = "gradient";
    if (state.node === null && time < timeline.end && graph.stages.length > 1)
      changes.stage = timeline.stageAt(time);
    state.set(changes);
  }

  update() {
    const { state, timeline } = this.app;
    this.play.textContent = this.timer ? "❚❚" : "▶";
    this.slider.value = this.#placeOf(state.time);
    this.slider.setAttribute("aria-valuetext", timeline.clock(state.time));
    this.grain.value = state.grain;
    this.clock.textContent = timeline.clock(state.time);
    this.words.textContent = timeline.words(state.before, state.time);
  }
}
