// One tensor as heat maps, with a caption, painted as the state wants it.

import { doubles } from "engine/indices";
import { shapeText } from "engine/names";
import { count, short } from "engine/numbers";
import { isDark } from "parts/colors";
import { make } from "parts/dom";
import { indexText, Maps } from "parts/maps";
import { scaleOf } from "parts/scales";

const MARKS = { dead: ["/", "pass nothing back"], won: ["•", "won their windows"] };

/**
 * A function that paints a tensor as the state wants it, if that changed: {own, most, sizes} or null.
 * The scale is that of its own entries, or of `tensor.scale`.
 */
export function painterOf(app, tensor, maps) {
  const { state, graph, live } = app;
  const { forward, reverse } = app.timeline;
  let last = "";
  return () => {
    const values = state.show === "value";
    const phase = values ? forward.phaseOf(tensor) : reverse.phaseOf(tensor, state.time);
    const key = `${state.show} ${phase} ${isDark()} ${live.version} ${state.scale}`;
    if (key === last) return null;
    last = key;
    const value = (n) => (n < 0 ? Number.NaN : graph.data[n]);
    const numbers = values ? doubles(tensor.entries, value) : reverse.gradientsOf(tensor);
    const { own, most } = scaleOf(app, tensor, values); // the scale stays while sums grow
    const sizes = state.show === "|gradient|";
    const waiting = values ? forward.waitingOf(tensor) : reverse.waitingOf(tensor);
    maps.paint(sizes ? numbers.map(Math.abs) : numbers, { sizes, most, waiting });
    return { own, most, sizes };
  };
}

/** `mark(node)` may give "dead" or "won"; the caption says how many there are. */
export class TensorMap {
  constructor(app, tensor, width, mark = () => null) {
    Object.assign(this, { app, tensor });
    const { name, shape } = tensor;
    this.markOf = (n) => (n < 0 || app.graph.isWaiting(n) ? null : mark(n));
    this.marks = [];
    this.maps = new Maps({
      shape,
      width,
      name: `${name} ${shapeText(shape)}`,
      say: (place) => this.#say(place),
      mark: (place) => this.marks[place],
      changed: (place) => app.live.changes.has(tensor.entries[place]),
      onpick: (place) => this.#pick(place),
      onsay: (text) => {
        this.said.textContent = text;
      },
    });
    this.painter = painterOf(app, tensor, this.maps);
    this.summary = make("p.small", {}, "");
    this.said = make("p.small.said", { "aria-live": "polite" }, "");
    const { hidden } = this.maps.plan;
    const more = hidden ? `, ${count(hidden)} more not shown` : "";
    const says = make("div.says", {}, this.summary, this.said); // one over the other: nothing moves
    const heading = make("figcaption", {}, make("b", {}, name), ` ${shapeText(shape)}${more}`);
    this.element = make("figure", { "data-tensor": name }, heading, this.maps.element, says);
  }

  /** Open an entry; the layer that is open stays, so that nothing moves. */
  #pick(place) {
    const node = this.tensor.entries[place];
    if (node >= 0) this.app.state.set({ node });
  }

  /** The node under the mouse, or -1. */
  hovered() {
    return this.maps.hovered >= 0 ? this.tensor.entries[this.maps.hovered] : -1;
  }

  paint() {
    this.marks = Array.from(this.tensor.entries, this.markOf);
    const painted = this.painter();
    if (!painted) return;
    const { sizes, own, most } = painted;
    const sign = sizes ? "up to " : "±";
    const scale = own < most ? ` on a scale of ${sign}${short(most)}` : "";
    this.summary.textContent = `${sign}${short(own)}${scale}${this.#marked()}`;
  }

  #marked() {
    return Object.entries(MARKS)
      .map(([mark, [sign, what]]) => [sign, this.marks.filter((m) => m === mark).length, what])
      .filter(([, n]) => n)
      .map(([sign, n, what]) => ` · ${sign} ${count(n)} ${what}`)
      .join("");
  }

  #say(place) {
    const { name, shape, entries } = this.tensor;
    const n = entries[place];
    const called = name + indexText(shape, place);
    if (n < 0) return `${called}: nothing reads it`;
    const { graph, reverse } = this.app;
    if (graph.isWaiting(n)) return `${called}: not yet made`;
    return `${called} = ${short(graph.data[n])}, gradient ${short(reverse.sumOf(n).sum)}`;
  }

  /** Ring those of some nodes that are entries of this tensor. */
  ring(reason, nodes, colour) {
    const { tensorOf, placeOf } = this.app.graph;
    const own = nodes.filter((n) => tensorOf[n] === this.tensor.index);
    this.maps.ring(
      reason,
      own.map((n) => placeOf[n]),
      colour,
    );
  }
}
