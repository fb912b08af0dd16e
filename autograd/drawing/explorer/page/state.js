// What is selected, what is shown, and how far the passes have come: in one place, and in the
// fragment of the page's address, so that a view can be linked to.

import { uniqueName } from "engine/edits";
import { find } from "engine/names";
import { GRAINS } from "engine/reversepass";

export const SHOWN = ["value", "gradient", "|gradient|"];

export class State {
  #listeners = [];
  #links = new Map();

  constructor(graph, timeline) {
    this.graph = graph;
    this.timeline = timeline;
    this.drawable = drawable(graph);
    const [cards] = graph.isLayered ? ["layers"] : this.drawable.filter((c) => c !== "layers");
    this.usual = { grain: graph.isLayered ? "layer" : "scalar", cards };
    this.#reset();
    this.read();
    window.addEventListener("hashchange", () => {
      if (location.hash.slice(1) === this.written) return;
      clearTimeout(this.writing);
      this.read();
      this.#tell({});
    });
  }

  #reset() {
    Object.assign(this, {
      stage: null,
      node: null,
      show: "value",
      time: this.timeline.end,
      before: this.timeline.end,
      ...this.usual,
    });
  }

  onChange(listener) {
    this.#listeners.push(listener);
  }

  /**
   * Make something else of the page a part of its address: `write()` gives its text, or null where
   * it is as usual; `read(text or null)` takes it, now and when the address changes.
   */
  link(name, { read, write }) {
    this.#links.set(name, { read, write });
    read(new URLSearchParams(location.hash.slice(1)).get(name));
  }

  /** Change some of stage, node, show, time, grain, cards. */
  set(changes) {
    if ("time" in changes) this.before = changes.before ?? Math.max(this.timeline.start, changes.time - 1);
    else this.moved ||= "node" in changes || "stage" in changes; // a step for the button Back
    this.problem = undefined;
    Object.assign(this, changes);
    this.timeline.moveTo(this.time);
    this.tell(changes);
  }

  /** Tell the views what changed, and write it into the address. */
  tell(changes) {
    clearTimeout(this.writing);
    this.writing = setTimeout(() => this.write(), 150); // browsers allow few changes a second
    this.#tell(changes);
  }

  #tell(changes) {
    for (const listener of this.#listeners) listener(changes);
  }

  select(found) {
    if (found.error) return;
    const node = found.node ?? null;
    const stage = found.stage ?? this.stageFor(node);
    this.set({ node, stage });
  }

  /** The layer in which a node is looked at: its own, or the first that reads it. */
  stageFor(node) {
    if (node === null) return null;
    const own = this.graph.stageOf[node];
    if (own >= 0) return own;
    const reader = this.graph.readersOf(node)[0];
    return reader === undefined ? null : this.graph.stageOf[reader];
  }

  write() {
    if (location.protocol === "about:") return; // within a notebook there is no address
    const { graph, stage, node, show, time, grain, cards, timeline, usual } = this;
    const parts = new URLSearchParams();
    if (node !== null) parts.set("node", uniqueName(graph, node));
    if (stage !== null && (node === null || stage !== this.stageFor(node)))
      parts.set("layer", graph.stages[stage].title);
    if (show !== "value") parts.set("show", show);
    if (grain !== usual.grain) parts.set("grain", grain);
    if (cards !== usual.cards) parts.set("as", cards);
    if (time !== timeline.end) parts.set("step", timeline.write(time));
    for (const [name, { write }] of this.#links) {
      const text = write();
      if (text !== null) parts.set(name, text);
    }
    this.written = plain(parts.toString());
    history[this.moved ? "pushState" : "replaceState"](null, "", `#${this.written}`);
    this.moved = false;
  }

  read() {
    const parts = new URLSearchParams(location.hash.slice(1));
    this.#reset();
    if (SHOWN.includes(parts.get("show"))) this.show = parts.get("show");
    if (GRAINS.includes(parts.get("grain"))) this.grain = parts.get("grain");
    if (this.drawable.includes(parts.get("as"))) this.cards = parts.get("as");
    const { timeline } = this;
    this.time = timeline.read(parts.get("step"));
    this.before = this.time < timeline.end ? timeline.next(this.time, this.grain, -1) : this.time;
    const [found, layer] = [parts.get("node") ?? parts.get("layer"), parts.get("layer")].map((named) =>
      named ? find(this.graph, named) : {},
    );
    this.node = found.node ?? null;
    this.stage = layer.stage ?? found.stage ?? this.stageFor(this.node);
    const bare = !parts.has("node") && !parts.has("layer");
    if (bare && this.graph.isLayered && this.time < timeline.end) this.stage = timeline.stageAt(this.time);
    this.problem = found.error;
    this.timeline.moveTo(this.time);
    for (const [name, { read }] of this.#links) read(parts.get(name));
  }
}

/** The ways in which a graph can be drawn. */
function drawable(graph) {
  const small = graph.isSmall ? ["nodes"] : [];
  return [...(graph.stages.length ? ["layers"] : []), ...small, "around"];
}

/** A fragment that people can read: brackets, commas and colons need no escape there. */
const plain = (text) => text.replaceAll(/%(5B|5D|2C|3A|3B)/g, (escaped) => decodeURIComponent(escaped));
