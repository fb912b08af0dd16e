// Training in the page: some milliseconds of each frame, and all views follow a few times a second.

import { count } from "engine/numbers";

const SLICE = 12; // milliseconds of a frame
const PAUSE = 200; // milliseconds between two times that all views follow

export class Training {
  #listeners = [];

  constructor(app, learner) {
    Object.assign(this, { app, learner, playing: false });
  }

  onChange(listener) {
    this.#listeners.push(listener);
  }

  toggle() {
    if (this.playing) return this.pause();
    this.playing = true;
    this.version = -1;
    this.learner.failed = "";
    this.shown = performance.now();
    requestAnimationFrame(() => this.#frame());
    return this.#tell();
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    this.#show();
    this.app.live.release();
    this.#tell();
  }

  /** Python's parameters again, in the order of the seed from its beginning. */
  reset() {
    this.pause();
    const { live, graph } = this.app;
    this.learner.restart();
    live.setMany(
      Array.from(graph.parameters, (n) => [n, graph.original[n]]),
      "Python's parameters again",
    );
    this.#tell();
  }

  #frame() {
    if (!this.playing) return;
    const { learner, app } = this;
    if (this.version !== app.live.version) learner.pull(); // somebody changed something
    this.version = app.live.version;
    learner.run(SLICE);
    if (learner.failed) return this.pause();
    if (performance.now() > this.shown + Math.max(PAUSE, 4 * (this.cost ?? 0))) this.#show();
    requestAnimationFrame(() => this.#frame());
  }

  /** Let everybody see the parameters as they are now: all of it is one step of the history. */
  #show() {
    const { learner, app } = this;
    const begun = performance.now();
    app.live.hold();
    app.live.setMany(learner.tell(), `training, ${count(learner.steps, "step")}`);
    this.version = app.live.version;
    this.#tell();
    this.shown = performance.now();
    this.cost = this.shown - begun;
  }

  #tell() {
    for (const listener of this.#listeners) listener();
  }
}
