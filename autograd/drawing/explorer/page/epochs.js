// The epochs of a training: a slider that gives the leaves the numbers that they had.

import { make, refresh } from "parts/dom";

const PACE = 500; // milliseconds an epoch, when they are played

export function epochsBar(app) {
  const { epochs, live, state } = app;
  const last = epochs.names.length - 1;
  if (last < 0 || live.frozen) return "";
  const go = (k) => {
    epochs.chosen = k;
    return live.setMany(epochs.pairs(k), epochs.names[k]);
  };
  const player = playing(app, go, last);
  const slider = make("input", {
    type: "range",
    min: 0,
    max: last,
    "aria-label": "epoch",
    "aria-valuetext": () => epochs.names[epochs.at],
    oninput: () => {
      player.stop();
      live.hold();
      go(Number(slider.value));
    },
    onchange: () => live.release(),
  });
  const bar = make(
    "div.epochs",
    { role: "group", "aria-label": "training" },
    make("span.small", {}, "training"),
    make("button", { onclick: player.toggle, "aria-label": player.words, title: player.words }, player.sign),
    slider,
    make("output", {}, () => words(epochs)),
  );
  const follow = () => {
    slider.value = epochs.at;
    refresh(bar);
  };
  state.onChange(follow);
  follow();
  return bar;
}

const words = (epochs) => epochs.names[epochs.at] + (epochs.is(epochs.at) ? "" : "; changed since");

/** A clock that goes from epoch to epoch, from the start where it is at the end. */
function playing({ epochs, live, state }, go, last) {
  let timer = null;
  const stop = () => {
    if (timer === null) return;
    clearInterval(timer);
    timer = null;
    live.release();
    state.tell({});
  };
  const step = (k) => {
    go(k);
    if (k === last) stop();
  };
  const toggle = () => {
    if (timer !== null) return stop();
    const from = epochs.at === last ? 0 : epochs.at + 1;
    live.hold();
    timer = setInterval(() => step(epochs.chosen + 1), PACE);
    step(from);
  };
  return {
    stop,
    toggle,
    sign: () => (timer === null ? "▶" : "❚❚"),
    words: () => (timer === null ? "play the training" : "pause the training"),
  };
}
