// The samples as small pictures, page by page: choose one; those that are misread are marked.

import { Boundary } from "engine/boundary";
import { count } from "engine/numbers";
import { Scatter } from "page/scatter";
import { onTheme } from "parts/colors";
import { live, make, refresh } from "parts/dom";
import { thumbnail } from "parts/thumbnail";

const PAGE = 24; // pictures
const FILTERS = ["all", "misread", "learned from", "held out"];

export class Strip {
  constructor(app, samples) {
    const from = app.live.sample - (app.live.sample % PAGE);
    Object.assign(this, { app, samples, from, filter: "all", held: new Set(samples.held) });
    if (samples.sizes[0] === 2) {
      this.boundary = new Boundary(app.graph, samples);
      this.scatter = new Scatter(app, this.boundary, (k) => this.choose(k));
    }
    this.pictures = make("div.pictures", {
      role: "group",
      "aria-label": "samples",
      onkeydown: (event) => this.#walk(event),
    });
    this.element = make(
      "section.samples",
      {},
      make("h3", {}, "Samples"),
      make(
        "div.row",
        {},
        button("◀", "the sample before (,)", () => this.move(-1)),
        button("▶", "the next sample (.)", () => this.move(1)),
        this.#filters(),
      ),
      make("p.small", { "aria-live": "polite" }, () => this.words()),
      this.scatter?.element ?? [this.pictures, this.#pages()],
    );
    onTheme(() => this.render());
    this.render();
  }

  #pages() {
    return make(
      "div.row",
      {},
      button("◂", "a page back", () => this.#turn(-PAGE)),
      make("span.small", {}, () => this.#where()),
      button("▸", "a page on", () => this.#turn(PAGE)),
    );
  }

  #filters() {
    const { samples } = this;
    const known = FILTERS.filter((name) =>
      name === "misread" ? samples.classifies : name === "all" || samples.learnable,
    );
    if (known.length < 2) return null;
    const take = (event) => {
      Object.assign(this, { filter: event.target.value, from: 0 });
      this.render();
    };
    const options = known.map((name) => make("option", { value: name }, name));
    return make("label.small", {}, "show ", make("select", { onchange: take }, options));
  }

  /** The samples that pass the filter. */
  get list() {
    const { samples, held } = this;
    const all = Array.from({ length: samples.count }, (_, k) => k);
    if (this.filter === "misread") return all.filter((k) => samples.isMisread(k));
    if (this.filter === "all") return all;
    return all.filter((k) => held.has(k) === (this.filter === "held out"));
  }

  get visible() {
    return this.shown ?? [];
  }

  /** Choose the next sample of the list, or the one before. */
  move(by) {
    const { list } = this;
    if (!list.length) return;
    const now = this.app.live.sample ?? -1;
    const beyond = by > 0 ? list.findIndex((k) => k > now) : list.findLastIndex((k) => k < now);
    const at = beyond >= 0 ? beyond : by > 0 ? 0 : list.length - 1;
    this.choose(list[at]);
    this.from = at - (at % PAGE);
    this.render();
  }

  choose(k) {
    const { samples } = this;
    const label = samples.label(k);
    this.app.live.choose(k, `sample ${k}${label && `, ${label}`}`);
  }

  /** Arrows go from picture to picture. */
  #walk(event) {
    const all = [...this.pictures.children];
    const here = all.indexOf(event.target);
    const columns = all.filter((e) => e.offsetTop === all[0].offsetTop).length;
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    if (by === undefined || here < 0) return;
    event.stopPropagation();
    event.preventDefault();
    all[here + by]?.focus();
  }

  #turn(by) {
    const last = Math.max(0, this.list.length - 1);
    this.from = Math.min(Math.max(0, this.from + by), last - (last % PAGE));
    this.render();
  }

  #where() {
    const n = this.list.length;
    return n ? `${this.from + 1} to ${Math.min(n, this.from + PAGE)} of ${count(n)}` : "none";
  }

  words() {
    const { samples, app } = this;
    const k = app.live.sample;
    if (k === null) return "the one that Python had";
    const parts = [`sample ${k}`, samples.label(k) && `a ${samples.label(k)}`];
    const now = samples.classifies ? samples.classes[samples.predicted(app.graph.data)] : "";
    if (now) parts.push(`read as ${now}`);
    if (this.held.has(k) && samples.learnable) parts.push("held out");
    return parts.filter(Boolean).join(", ");
  }

  render() {
    if (this.scatter) return this.update();
    const { list, samples } = this;
    this.shown = list.slice(this.from, this.from + PAGE);
    this.pictures.replaceChildren(...this.shown.map((k) => this.#picture(k)));
    this.update();
    if (this.shown.length === 0)
      this.pictures.append(make("p.small", {}, samples.read[0] < 0 ? "not read yet" : "none"));
  }

  /** All samples were read anew: others may be misread. */
  renew() {
    if (this.filter === "misread") this.render();
  }

  #picture(k) {
    const { samples, app } = this;
    const name = () => {
      const read = samples.isMisread(k) ? `, read as ${samples.classes[samples.read[k]]}` : "";
      return `sample ${k}${samples.label(k) && `, ${samples.label(k)}`}${read}`;
    };
    const misread = () => (samples.isMisread(k) ? samples.classes[samples.read[k]] : "");
    const made = make(
      "button.sample",
      {
        onclick: () => this.choose(k),
        "aria-label": name,
        title: name,
        "aria-pressed": () => app.live.sample === k,
        tabindex: () =>
          k === (this.shown.includes(app.live.sample) ? app.live.sample : this.shown[0]) ? 0 : -1,
        "data-sample": k,
      },
      thumbnail(samples.image(k), samples.columns[0].shape, samples.range),
      make(
        "span",
        {},
        samples.label(k),
        make("b.misread", {}, () => misread() && ` → ${misread()}`),
      ),
    );
    return live(made, () => made.classList.toggle("wrong", misread() !== ""));
  }

  update() {
    refresh(this.element);
    this.scatter?.update();
  }
}

const button = (text, title, onclick) => make("button", { onclick, title, "aria-label": title }, text);
