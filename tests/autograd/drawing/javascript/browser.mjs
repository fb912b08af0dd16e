// What the tests share: the least of a browser that the modules touch, and graphs from Python.

import { readFileSync } from "node:fs";
import { join } from "node:path";

const NAMES = new Set(["NaN", "Infinity", "-Infinity"]); // JSON has no such numbers
export const oracle = JSON.parse(readFileSync(join(process.env.FIXTURES, "oracle.json"), "utf8"), (_, x) =>
  NAMES.has(x) ? Number(x) : x,
);

class Element {
  constructor(tag) {
    Object.assign(this, { tag, className: "", children: [], attributes: {}, listeners: {} });
    this.style = { setProperty: (name, value) => this.setAttribute(name, value) };
  }
  setAttribute(name, value) {
    this.attributes[name] = String(value);
  }
  getAttribute(name) {
    return this.attributes[name] ?? null;
  }
  removeAttribute(name) {
    delete this.attributes[name];
  }
  addEventListener(name, action) {
    this.listeners[name] = action;
  }
  get classList() {
    const names = this.className.split(" ").filter(Boolean);
    return {
      toggle: (name, on) => {
        this.className = [...names.filter((other) => other !== name), ...(on ? [name] : [])].join(" ");
      },
    };
  }
  getContext() {
    return { measureText: (text) => ({ width: 7 * text.length }) };
  }
  append(...children) {
    this.children.push(...children);
  }
  get textContent() {
    return this.children.map((c) => c.textContent ?? String(c)).join("");
  }
  /** All elements within that have a class. */
  all(name) {
    const within = this.children.filter((c) => c instanceof Element).flatMap((c) => c.all(name));
    return this.className.split(" ").includes(name) ? [this, ...within] : within;
  }
}

/** `matchMedia("(prefers-color-scheme: dark)")` of the system, which tests may change. */
export const scheme = {
  matches: false,
  listeners: [],
  addEventListener(_, action) {
    this.listeners.push(action);
  },
};

/** The text of `<script>` elements by their ids. */
export const scripts = {};

globalThis.window = { matchMedia: () => scheme, addEventListener() {} };
globalThis.getComputedStyle = () => ({ fontFamily: "sans-serif" });
globalThis.document = {
  documentElement: {},
  createElement: (tag) => new Element(tag),
  createElementNS: (_, tag) => new Element(tag),
  createTextNode: (data) => ({
    data,
    get textContent() {
      return this.data;
    },
  }),
  getElementById: (id) => ({ textContent: scripts[id] }),
};

/** A graph of the page, freshly unpacked, and what Python says of it. */
export async function loaded(name) {
  const { inflated, unpacked } = await import("engine/decode");
  const { Graph } = await import("engine/graph");
  const truth = oracle.graphs[name] ?? oracle.runs[name] ?? oracle.lessons[name];
  scripts.graph = truth.packed;
  const { header, arrays } = unpacked(await inflated("graph"));
  const { PRIMITIVES } = await import(`data:text/javascript,${encodeURIComponent(truth.primitives)}`);
  return { graph: new Graph(header, arrays, PRIMITIVES), truth };
}

/** Whether two numbers agree up to rounding. */
export const near = (a, b) => Math.abs(a - b) <= 1e-9 * (Math.abs(a) + Math.abs(b)) + 1e-12;

/** The number of the node with a label. */
export const labelled = (truth, label) => truth.labels.indexOf(label);
