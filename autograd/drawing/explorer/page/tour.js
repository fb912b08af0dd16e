// A tour of backpropagation on this very graph: some stops, each with a link of its own. The stop is in
// the address until the tour is ended.

import { layerStops } from "page/tourlayers";
import { nodeStops } from "page/tournodes";
import { themeColor } from "parts/colors";
import { make, refresh } from "parts/dom";

export class Tour {
  #at = -1; // the stop that is shown, or −1
  #stops = null;

  constructor(app) {
    this.app = app;
    this.element = make("aside.tour", { "aria-label": "tour", hidden: true });
    this.button = make("button", { title: "a tour of this graph (t)", onclick: () => this.toggle() }, "tour");
    app.state.onChange(() => this.update());
    app.state.link("tour", {
      read: (id) => this.#read(id),
      write: () => (this.isOpen ? this.stops[this.#at].id : null),
    });
  }

  get isOpen() {
    return this.#at >= 0;
  }

  /** The stops that this graph has, found when somebody asks. */
  get stops() {
    const all = this.app.graph.isLayered ? layerStops : nodeStops;
    this.#stops ??= all(this.app).filter(Boolean);
    return this.#stops;
  }

  #read(id) {
    const at = id === null ? -1 : this.stops.findIndex((stop) => stop.id === id);
    if (at === this.#at) return;
    const { state, timeline } = this.app;
    const bare = state.node === null && state.stage === null && state.time === timeline.end;
    this.#show(at);
    if (at >= 0 && bare) this.#look();
  }

  toggle() {
    if (this.isOpen) this.close();
    else this.go(0);
  }

  /** Go to a stop, and look at what it speaks of. */
  go(at) {
    this.#show(at);
    this.#look();
    this.element.querySelector("h2").focus();
  }

  close() {
    if (!this.isOpen) return;
    this.#show(-1);
    this.app.state.tell({});
    this.button.focus();
  }

  #look() {
    const { view } = this.stops[this.#at];
    const { graph, state, timeline } = this.app;
    const before = view.time === timeline.end ? view.time : Math.max(view.time - 1, timeline.start);
    state.set({ before, ...view, ...(graph.isLayered ? { cards: "layers" } : {}) });
    this.reveal();
  }

  /** Outline what is spoken of, and bring it into sight, between the header and the tour. */
  reveal() {
    this.update();
    const target = document.querySelector("#details .toured, header .toured");
    if (!target) return;
    const { top, bottom } = target.getBoundingClientRect();
    const room = document.getElementById("details").getBoundingClientRect();
    const ceiling = target.closest("header") ? 0 : Math.max(room.top, 0);
    const floor = Math.min(room.bottom, this.element.getBoundingClientRect().top);
    if (top < ceiling || bottom > floor) target.scrollIntoView({ block: "start" });
  }

  #show(at) {
    this.#at = at;
    this.element.hidden = at < 0;
    document.body.classList.toggle("touring", at >= 0);
    this.button.setAttribute("aria-pressed", at >= 0);
    if (at >= 0) this.element.replaceChildren(...this.#parts(this.stops[at], at));
    this.update();
  }

  #parts({ title, words, action }, at) {
    const last = this.stops.length - 1;
    const button = (text, name, to) =>
      make(
        "button",
        { "aria-label": name, title: name, disabled: to < 0 || to > last, onclick: () => this.go(to) },
        text,
      );
    const bar = make(
      "div.tour-bar",
      {},
      make("h2", { tabindex: -1 }, title),
      make("span.small", {}, `${at + 1} of ${last + 1}`),
      button("‹ back", "the stop before", at - 1),
      button("next ›", "the next stop", at + 1),
      make(
        "button",
        { "aria-label": "end the tour (Esc)", title: "end the tour (Esc)", onclick: () => this.close() },
        "×",
      ),
    );
    const lines = make(
      "div.tour-words",
      { "aria-live": "polite" },
      words.map((line) => make("p", {}, line)),
    );
    const take = action && make("button.action", { onclick: action.take }, action.text);
    return [bar, lines, take, this.#links(at)].filter(Boolean);
  }

  /** All stops, as links to copy; a click keeps what was changed, which their addresses do not hold. */
  #links(at) {
    const link = ({ id, title }, k) => {
      const onclick = (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        this.go(k);
      };
      return make(
        "a",
        { href: `#tour=${id}`, title, onclick, "aria-current": k === at && "step" },
        `${k + 1}`,
      );
    };
    return make("nav.tour-links", { "aria-label": "stops of the tour" }, this.stops.map(link));
  }

  /** Say the numbers as they are now, and outline what is spoken of. */
  update() {
    for (const element of document.querySelectorAll(".toured")) element.classList.remove("toured");
    const stop = this.isOpen ? this.stops[this.#at] : null;
    if (stop) {
      refresh(this.element);
      for (const element of document.querySelectorAll(stop.target)) element.classList.add("toured");
    }
    this.#ring(stop?.nodes?.() ?? []);
  }

  #ring(nodes) {
    const { graph } = this.app;
    for (const overlay of document.querySelectorAll("figure[data-tensor] canvas.overlay")) {
      const { tensor } = overlay.closest("figure").dataset;
      const own = nodes.filter((n) => graph.tensors[graph.tensorOf[n]]?.name === tensor);
      overlay.maps.ring(
        "tour",
        own.map((n) => graph.placeOf[n]),
        themeColor("picked"),
      );
    }
  }
}
