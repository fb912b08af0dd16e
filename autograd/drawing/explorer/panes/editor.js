// A leaf's number, to be changed: typed, dragged, by the arrow keys; and its whole kernel set to 0.

import { nameOf, tensorName } from "engine/names";
import { count, full, short } from "engine/numbers";
import { largest } from "parts/colors";
import { live, make } from "parts/dom";
import { onceAFrame } from "parts/frames";

/** The editor of a leaf, or why there is none. */
export function editor(app, n) {
  const { live: network, graph } = app;
  if (!graph.isLeaf(n)) return null;
  if (network.frozen) return make("p.small.frozen", {}, `The page cannot run this graph: ${network.frozen}.`);
  return make("div.editor", {}, numberField(app, n), slider(app, n), was(app, n), zeros(app, n));
}

function put({ live: network, graph }, n, x) {
  return network.set(n, x, `${nameOf(graph, n)} = ${short(x)}`);
}

/** How far an arrow key goes: a twentieth of the power of ten above the number's size. */
function stepOf({ graph }, n) {
  const size = Math.max(Math.abs(graph.original[n]), Math.abs(graph.data[n])) || 1;
  return 10 ** Math.ceil(Math.log10(size)) / 20;
}

function numberField(app, n) {
  const { graph } = app;
  const read = (text) => Number(text.trim().replace(",", ".").replace("−", "-"));
  const field = make("input.number", {
    autocomplete: "off",
    spellcheck: "false",
    "aria-label": `the number of ${nameOf(graph, n)}`,
    title: "type a number; ↑ and ↓ change it, with shift ten times as much",
    oninput: () => {
      const x = read(field.value);
      const wrong = field.value.trim() === "" || Number.isNaN(x);
      field.setAttribute("aria-invalid", wrong);
      if (!wrong) put(app, n, x);
    },
    onkeydown: (e) => {
      const by = { ArrowUp: 1, ArrowDown: -1 }[e.key];
      if (e.key === "Enter" || e.key === "Escape") field.blur();
      if (!by) return;
      e.preventDefault();
      field.value = String(
        Number((graph.data[n] + by * stepOf(app, n) * (e.shiftKey ? 10 : 1)).toPrecision(12)),
      );
      put(app, n, read(field.value));
    },
    onblur: () => show(),
  });
  const show = () => {
    field.value = full(graph.data[n]);
    field.setAttribute("aria-invalid", false);
  };
  return live(field, () => {
    if (document.activeElement !== field || read(field.value) !== graph.data[n]) show();
  });
}

function slider(app, n) {
  const { graph, live: network } = app;
  const t = graph.tensorOf[n];
  const around = t < 0 ? [n] : [...graph.tensors[t].entries].filter((v) => v >= 0);
  const limit = 1.5 * largest(around.map((v) => graph.original[v])) || 1;
  const follow = onceAFrame((x) => put(app, n, x));
  let before;
  const bar = make("input.drag", {
    type: "range",
    step: "any",
    "aria-label": `drag ${nameOf(graph, n)}`,
    onpointerdown: () => {
      before = graph.data[n];
      network.hold();
    },
    onpointercancel: () =>
      requestAnimationFrame(() => {
        put(app, n, before); // the finger only scrolls the page
        network.release();
      }),
    oninput: () => follow(Number(bar.value)),
    onchange: () => requestAnimationFrame(() => network.release()),
  });
  return live(bar, () => {
    const most = Math.max(limit, Math.abs(graph.data[n]));
    if (Number(bar.max) !== most || bar.min === "") Object.assign(bar, { min: -most, max: most });
    if (Number(bar.value) !== graph.data[n]) bar.value = graph.data[n];
  });
}

/** What the number was in Python, and a way back. */
function was(app, n) {
  const { graph, live: network } = app;
  const back = make(
    "button.small.was",
    { onclick: () => network.set(n, graph.original[n], `${nameOf(graph, n)} as it was`) },
    `was ${short(graph.original[n])}`,
  );
  return live(back, () => {
    back.hidden = !network.changes.has(n);
  });
}

// --- a whole kernel --------------------------------------------------------------------------------

function zeros(app, n) {
  const { graph, live: network } = app;
  const blocks = blocksAround(graph, n);
  if (!blocks.length) return null;
  const button = ({ name, nodes }) =>
    make(
      "button.small.zero",
      {
        title: `set ${count(nodes.length, "number")} to 0`,
        onclick: () =>
          network.setMany(
            nodes.map((v) => [v, 0]),
            `${name} = 0`,
          ),
      },
      `${name} = 0`,
    );
  return make("span.zeros", {}, blocks.map(button));
}

/** The blocks of a parameter that an entry lies in: its kernel, its output channel, all of it. */
function blocksAround(graph, n) {
  const tensor = graph.tensors[graph.tensorOf[n]];
  if (!tensor?.leaf || tensor.entries.length < 2) return [];
  const { shape } = tensor;
  const blocks = new Map(); // of those that are the same entries, the output channel
  for (const axes of [0, Math.max(shape.length - 2, 1), 1]) {
    const size = shape.slice(axes).reduce((a, b) => a * b, 1);
    if (size > 1) blocks.set(size, blockAround(graph, tensor, graph.placeOf[n], axes, size));
  }
  return [...blocks.values()].sort((a, b) => a.nodes.length - b.nodes.length);
}

function blockAround(graph, tensor, place, axes, size) {
  const start = place - (place % size);
  const nodes = [...tensor.entries.subarray(start, start + size)].filter((v) => v >= 0);
  const bias = axes === 1 ? biasOf(graph, tensor, start / size) : [];
  return { name: tensorName(tensor.name, tensor.shape, start, axes), nodes: [...nodes, ...bias] };
}

/** The bias of an output channel: what the same layer holds one number of for each channel. */
function biasOf(graph, { name, shape }, channel) {
  const path = name.slice(0, name.lastIndexOf(".") + 1);
  const beside = graph.tensors.find(
    (t) => t.parameter && path && t.name.startsWith(path) && t.shape.length === 1 && t.shape[0] === shape[0],
  );
  const node = beside ? beside.entries[channel] : -1;
  return node < 0 ? [] : [node];
}
