// The panel in which the page learns: one step, training, the learning curve, the samples.

import { descended, steepness } from "engine/descent";
import { Evaluation } from "engine/evaluation";
import { Learner, USUAL } from "engine/learning";
import { rootName } from "engine/names";
import { count, short } from "engine/numbers";
import { Strip } from "page/strip";
import { Training } from "page/training";
import { chart } from "parts/chart";
import { make, refresh } from "parts/dom";

const RATES = { least: -4, most: 1 }; // powers of ten
const LINES = ["from", "held"]; // learned from, and held out
const BATCHES = [1, 2, 4, 8, 16, 32, 64, 128];
const SLICE = 8; // milliseconds of a frame in which samples are read anew

/** The panel, which `button` opens; it returns what keys do, nothing where nothing can be learned. */
export function learnPanel(app, button, place) {
  const { graph, live: network, state } = app;
  const steps = !network.frozen && graph.roots.length === 1 && graph.parameters.length > 0;
  if (!steps && !network.samples) return {};
  const panel = new Panel(app, steps);
  app.learning = panel;
  place.replaceWith(panel.element);
  state.onChange((changes) => changes.numbers && panel.follow());
  panel.follow();
  return { ...panel.keys, l: opened(panel, button, state) };
}

/** Let a button, a key and the address open and close the panel; it is open where there is room. */
function opened(panel, button, state) {
  const { element } = panel;
  const usual = panel.samples !== null && window.matchMedia("(min-width: 1000px)").matches;
  const open = (is) => {
    element.hidden = !is;
    button.setAttribute("aria-expanded", is);
    if (is) panel.follow();
  };
  const turn = () => {
    open(element.hidden);
    state.tell({});
  };
  button.hidden = false;
  button.setAttribute("aria-controls", element.id);
  button.addEventListener("click", turn);
  state.link("learn", {
    read: (text) => open(text ? text === "1" : usual),
    write: () => (element.hidden === usual ? String(Number(!element.hidden)) : null),
  });
  return turn;
}

class Panel {
  constructor(app, steps) {
    const { graph, live: network } = app;
    const { samples } = network;
    Object.assign(this, { app, samples, rate: USUAL.rate });
    if (samples) {
      this.evaluation = new Evaluation(graph, samples);
      this.strip = new Strip(app, samples);
    }
    if (samples?.learnable) {
      this.learner = new Learner(graph, samples);
      this.training = new Training(app, this.learner);
      this.training.onChange(() => this.follow());
    }
    this.element = make(
      "aside.learn",
      { id: "learn", "aria-label": "learn" },
      steps ? this.#step() : null,
      this.training ? this.#train() : null,
      samples ? this.strip.element : null,
    );
    this.keys = this.#keys(steps);
  }

  // --- one step ------------------------------------------------------------------------------------

  #step() {
    const { graph } = this.app;
    const said = make("output.small", { "aria-live": "polite" });
    this.stepOnce = async () => {
      const [root] = graph.roots;
      const before = graph.data[root];
      const slope = steepness(graph, graph.parameters);
      await this.#descend();
      const change = `${rootName(graph)} ${short(before)} → ${short(graph.data[root])}`;
      said.textContent = `${change}; −η·‖∂${rootName(graph)}/∂w‖² = ${short(-this.rate * slope)}`;
    };
    const button = make("button", { onclick: this.stepOnce, title: "one step of descent (n)" }, "one step");
    const words = `w −= η·∂${rootName(graph)}/∂w, for ${count(graph.parameters.length, "parameter")}`;
    return make(
      "section",
      {},
      make("h3", {}, "Descend"),
      make("div.row", {}, button, this.#rateSlider()),
      make("p.small", {}, words),
      said,
    );
  }

  #rateSlider() {
    const slider = make("input", {
      type: "range",
      min: RATES.least,
      max: RATES.most,
      step: 0.1,
      value: Math.log10(USUAL.rate),
      "aria-label": "η, the learning rate",
    });
    const shown = make("output");
    const take = () => {
      this.rate = Number((10 ** Number(slider.value)).toPrecision(2));
      if (this.learner) this.learner.settings.rate = this.rate;
      shown.textContent = `η = ${short(this.rate)}`;
      slider.setAttribute("aria-valuetext", short(this.rate));
    };
    slider.addEventListener("input", take);
    take();
    return make("label.rate", {}, shown, slider);
  }

  #descend() {
    const { graph, live: network } = this.app;
    const pairs = descended(graph, graph.parameters, this.rate);
    return network.setMany(pairs, `one step, η = ${short(this.rate)}`);
  }

  // --- training ------------------------------------------------------------------------------------

  #train() {
    const { training, learner } = this;
    const play = make(
      "button",
      {
        onclick: () => training.toggle(),
        "aria-pressed": () => training.playing,
        title: "train, or pause (p)",
      },
      () => (training.playing ? "❚❚ pause" : "▶ train"),
    );
    const reset = make(
      "button",
      { onclick: () => training.reset(), title: "Python's parameters again" },
      "reset",
    );
    this.charts = { loss: chart("loss", LINES, short) };
    if (this.samples.classifies) this.charts.accuracy = chart("right", LINES, percent, 1);
    const failed = make("p.problem", { role: "alert" }, () => learner.failed);
    return make(
      "section",
      {},
      make("h3", {}, "Train"),
      make("div.row", {}, play, reset),
      make("div.row", {}, this.#batch(), this.#seed()),
      make("p.small", {}, () => this.#progress()),
      failed,
      this.#read(),
      make(
        "div.charts",
        { hidden: () => (learner.curve.length ? null : "") },
        Object.values(this.charts).map(({ element }) => element),
      ),
    );
  }

  #batch() {
    const { settings } = this.learner;
    const take = (event) => {
      settings.batch = Number(event.target.value);
    };
    const options = BATCHES.map((n) =>
      make("option", { value: n, selected: n === settings.batch ? "" : null }, String(n)),
    );
    return make("label.small", {}, "batch ", make("select", { onchange: take }, options));
  }

  #seed() {
    const take = (event) => {
      this.learner.settings.seed = Number(event.target.value) || 0;
      this.training.pause();
      this.learner.restart();
      this.update();
    };
    const input = make("input", { type: "number", min: 0, value: USUAL.seed, onchange: take });
    return make("label.small", { title: "the order of the samples" }, "seed ", input);
  }

  #progress() {
    const { learner, samples } = this;
    const seen = `${count(learner.steps, "step")}, ${learner.epochs.toFixed(1)} epochs`;
    return `${seen}, of ${count(samples.training.length, "sample")}`;
  }

  // --- how the samples are read --------------------------------------------------------------------

  #read() {
    const { samples } = this;
    if (!samples.learnable) return null;
    const row = (name, className, which) =>
      make(
        "tr",
        {},
        make(`th.${className}`, { scope: "row" }, name),
        make("td", {}, count(which.length)),
        samples.classifies ? make("td", {}, () => percent(samples.means(which).accuracy)) : null,
        make("td", {}, () => known(samples.means(which).loss)),
      );
    const head = ["", "", samples.classifies && "right", "loss"].filter((name) => name !== false);
    return make(
      "table.means",
      {},
      make(
        "tr",
        {},
        head.map((name) => make("th", {}, name)),
      ),
      row("learned from", "from", samples.training),
      samples.held.length ? row("held out", "held", samples.held) : null,
    );
  }

  /** Numbers changed: all samples are read anew, unless training does so as it goes. */
  follow() {
    if (this.element.hidden) return;
    if (this.samples && this.evaluation.isStale) {
      if (!this.training?.playing) this.evaluation.begin(this.strip.visible);
      this.#drawBoundary();
      this.#goOn();
    }
    this.update();
  }

  /** The plane of two numbers is looked at anew, once it has been looked at as it was. */
  #drawBoundary() {
    const { boundary } = this.strip;
    if (boundary?.isDone && this.samples.classifies) boundary.begin(this.app.graph.data);
  }

  #goOn() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      const begun = performance.now();
      const { boundary } = this.strip;
      const trains = this.training?.playing;
      boundary?.run(SLICE / 2);
      if (!trains) this.evaluation.run(SLICE);
      const isRead = trains || this.evaluation.isDone;
      const isDrawn = boundary?.isDone ?? true;
      if (isRead && isDrawn) this.strip.renew();
      else setTimeout(() => this.#goOn(), 2 * Math.max(0, performance.now() - begun - 2 * SLICE));
      if (!trains || isDrawn) this.update();
    });
  }

  update() {
    refresh(this.element);
    if (this.evaluation) this.element.dataset.done = this.evaluation.isDone && !this.training?.playing;
    this.strip?.update();
    if (!this.charts) return;
    const { curve } = this.learner;
    const points = (part, what) => curve.filter((p) => p[part].count).map((p) => [p.epochs, p[part][what]]);
    for (const [what, { update }] of Object.entries(this.charts))
      update([points("training", what), points("held", what)]);
  }

  #keys(steps) {
    return {
      ...(steps && { n: () => this.stepOnce() }),
      ...(this.training && { p: () => this.training.toggle() }),
      ...(this.strip && { ",": () => this.strip.move(-1), ".": () => this.strip.move(1) }),
    };
  }
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const known = (x) => (Number.isNaN(x) ? "…" : short(x));
