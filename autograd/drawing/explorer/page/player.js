// The reverse pass, step by step: buttons, slider, keys, and words.

import { count } from "engine/numbers";
import { GRAINS } from "engine/reversepass";
import { make } from "parts/dom";

const PACE = { layer: 900, channel: 250, scalar: 120 }; // milliseconds a step

export class Player {
  constructor(app) {
    Object.assign(this, { app, timer: null });
    const { state, reverse } = app;
    const button = (text, title, onclick) => make("button", { title, "aria-label": title, onclick }, text);
    this.play = button("▶", "play or pause (space)", () => this.toggle());
    this.slider = make("input.slider", {
      type: "range",
      min: 0,
      max: reverse.end,
      step: 1,
      "aria-label": "step of the reverse pass",
      oninput: () => this.go(Number(this.slider.value)),
    });
    this.grain = make(
      "select",
      { "aria-label": "grain of a step (g)", onchange: () => state.set({ grain: this.grain.value }) },
      GRAINS.map((g) => make("option", { value: g }, g)),
    );
    this.words = make("output.words", { "aria-live": "polite" }, "");
    this.clock = make("span.small.clock", {}, "");
    this.element = make(
      "div.player",
      {},
      make(
        "span.controls",
        {},
        button("|◀", "to the start (Home)", () => this.go(0)),
        button("◁", "one step back (←)", () => this.step(-1)),
        this.play,
        button("▷", "one step (→)", () => this.step(1)),
        button("▶|", "to the end (End)", () => this.go(reverse.end)),
      ),
      make("label.small", {}, "by ", this.grain),
      this.slider,
      this.clock,
      this.words,
    );
    state.onChange(() => this.update());
    this.update();
  }

  toggle() {
    if (this.timer) return this.pause();
    const { state, reverse } = this.app;
    if (state.time >= reverse.end) this.go(0);
    const tick = () => {
      this.step(1);
      this.timer = state.time < reverse.end ? setTimeout(tick, PACE[state.grain]) : null;
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
    const { state, reverse } = this.app;
    const time = reverse.next(state.time, state.grain, direction);
    this.go(time, direction > 0 ? state.time : reverse.next(time, state.grain, -1));
  }

  /** Go to a time, and look at the layer that is at work, unless a node is being looked at. */
  go(time, before = Math.max(0, time - 1)) {
    const { state, reverse, graph } = this.app;
    const changes = { time, before };
    if (state.show === "value") changes.show = "gradient";
    if (state.node === null && time > 0 && time < reverse.end && graph.stages.length > 1)
      changes.stage = reverse.stageAt(time);
    state.set(changes);
  }

  update() {
    const { state, reverse } = this.app;
    this.play.textContent = this.timer ? "❚❚" : "▶";
    this.slider.value = state.time;
    this.grain.value = state.grain;
    this.clock.textContent = `${count(state.time)} of ${count(reverse.end)}`;
    this.words.textContent = reverse.words(state.before, state.time);
  }
}
