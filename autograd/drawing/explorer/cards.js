// The upper half of the page: the model as cards of layers, or a small graph as cards of nodes.

import { Diagram } from "diagram";
import { make } from "dom";
import { Maps } from "maps";
import { isInfix, label, nameOf, shapeText, signOf, termOf } from "names";
import { count, factor, many, short } from "numbers";

const THUMB = 130; // pixels

/** Draw the graph as the state wants it, and again when that changes. */
export async function drawCards(app) {
  const { state } = app;
  let update = () => {};
  let drawn = null;
  const draw = async () => {
    drawn = state.drawn;
    const view = drawn === "nodes" ? nodeCards(app) : layerCards(app);
    const diagram = new Diagram(drawn === "nodes" ? "the graph, node by node" : "the model, by layers");
    update = () => {};
    app.top.replaceChildren(diagram.element);
    app.diagram = diagram;
    await diagram.show(view.boxes, view.arrows);
    update = () => view.update(diagram);
    update();
  };
  state.onChange(() => (state.drawn === drawn ? update() : draw()));
  await draw();
}

// --- layers ----------------------------------------------------------------------------------------

function layerCards(app) {
  const { graph, chain, state } = app;
  const inputs = graph.tensors.filter((t) => t.leaf && t.kind !== "Parameter");
  const boxes = [
    ...inputs.map((t) => inputCard(app, t)),
    ...graph.stages.map((stage) => layerCard(app, stage)),
  ];
  const arrows = graph.stages.flatMap((stage) => [
    ...stage.reads
      .filter((t) => inputs.includes(graph.tensors[t]))
      .map((t) => ({
        from: `t${t}`,
        to: `s${stage.index}`,
        label: shapes(shapeText(graph.tensors[t].shape)),
      })),
    ...stage.before.map(([k, n]) => ({
      from: `s${k}`,
      to: `s${stage.index}`,
      label: shapes(passed(graph, k, n)),
    })),
  ]);
  const update = (diagram) => {
    graph.stages.forEach((stage, k) => {
      const { classList } = boxes[inputs.length + k].element;
      const [from, to] = [chain.start[stage.start], chain.start[stage.end]];
      classList.toggle("done", state.time >= to);
      classList.toggle("active", state.time > from && state.time < to);
      classList.toggle(
        "frontier",
        state.time < chain.end && state.time > 0 && chain.stageAt(state.time) === k,
      );
      classList.toggle("selected", state.stage === k);
    });
    if (state.stage !== null) diagram.reveal(`s${state.stage}`);
  };
  return { boxes, arrows, update };
}

/** The shape of what one layer hands to another, forward, and of its gradient, back. */
function shapes(text) {
  const width = Math.max(60, 8 * text.length + 22);
  const element = make(
    "div.shapes",
    {},
    make("span", { title: "forward" }, `${text} →`),
    make("span.back", { title: "its gradient" }, `← ∂ ${text}`),
  );
  return { element, width, height: 34 };
}

function passed(graph, k, n) {
  const tensor = graph.tensors[graph.stages[k].outputs[0]];
  const whole = tensor && tensor.entries.length === n;
  return whole ? shapeText(tensor.shape) : count(n);
}

function inputCard(app, tensor) {
  const open = () => app.state.select({ stage: readerOf(app.graph, tensor) });
  return card(`t${tensor.index}`, "card.input", open, [
    make("b", {}, tensor.name),
    make("span.kind", {}, "input"),
    thumbnail(app, tensor),
    make("span", {}, shapeText(tensor.shape)),
  ]);
}

const readerOf = (graph, tensor) => graph.stages.find((s) => s.reads.includes(tensor.index)).index;

function layerCard(app, stage) {
  const { graph, state } = app;
  const tensors = stage.reads.map((t) => graph.tensors[t]).filter((t) => t.kind === "Parameter");
  const output = graph.tensors[stage.outputs[0]];
  const product = stage.products[0];
  return card(`s${stage.index}`, "card.layer", () => state.select({ stage: stage.index }), [
    make("b", {}, stage.title),
    make("span.kind", {}, stage.path ? stage.kind : many(stage.count, "node")),
    output && thumbnail(app, output),
    tensors.map((t) => make("span.small", {}, `${t.name.split(".").at(-1)} ${shapeText(t.shape)}`)),
    product &&
      make("span.small", {}, `(${product.rows}×${product.inner})·(${product.inner}×${product.columns})`),
  ]);
}

/** A card as tall as what it holds. */
function card(id, what, onclick, children) {
  const parts = children.flat().filter(Boolean);
  const height = 14 + parts.reduce((sum, part) => sum + Number(part.dataset.height ?? 17), 0);
  const element = make(`button.${what}`, { onclick, "data-box": id }, parts);
  return { id, element, width: 160, height };
}

/** The first channels, small. */
function thumbnail(app, { shape, entries }) {
  if (shape.at(-1) > 64 || (shape.at(-2) ?? 1) > 64) return null;
  const [rows, cols] = [shape.length > 1 ? shape.at(-2) : 1, shape.at(-1)];
  const fits = Math.max(1, Math.floor(THUMB / (cols + 3)));
  const tiles = Math.min(entries.length / (rows * cols), 2 * fits, 12);
  const maps = new Maps({ shape: [tiles, rows, cols], width: THUMB });
  maps.paint(
    Float64Array.from(entries.subarray(0, tiles * rows * cols), (n) =>
      n < 0 ? Number.NaN : app.graph.data[n],
    ),
  );
  const height = Math.min(maps.picture.height, 80);
  maps.picture.style.maxHeight = `${height}px`;
  return make("span.thumbnail", { "data-height": height + 6 }, maps.picture);
}

// --- nodes -----------------------------------------------------------------------------------------

function nodeCards(app) {
  const { graph, chain, state } = app;
  const nodes = Array.from({ length: graph.size }, (_, n) => n);
  const boxes = nodes.map((n) => nodeCard(app, n));
  const arrows = [];
  for (const y of nodes) {
    for (let slot = graph.firstSlot[y]; slot < graph.firstSlot[y + 1]; slot++)
      graph.entriesOf(graph.operands[slot]).forEach((x, k) => {
        arrows.push({ from: `n${x}`, to: `n${y}`, slot, k, label: contributionLabel(chain, slot, k) });
      });
  }
  const busy = arrows.length > 150;
  const update = (diagram) => {
    const now = state.time > 0 && state.time < chain.end ? chain.stepAt(state.time) : null;
    for (const box of boxes) {
      const { sum, made, all } = chain.sumOf(box.node);
      box.gradient.textContent = made || graph.roots.includes(box.node) ? short(sum) : "—";
      box.element.classList.toggle("done", made === all);
      box.element.classList.toggle("frontier", now !== null && (now.x === box.node || now.y === box.node));
      box.element.classList.toggle("selected", state.node === box.node);
    }
    arrows.forEach(({ slot, k, label: text }, i) => {
      const done = chain.timeOf(slot, k) < state.time;
      diagram.paths[i].classList.toggle("done", done);
      diagram.paths[i].classList.toggle("frontier", now !== null && now.slot === slot && now.k === k);
      if (text) text.element.classList.toggle("unseen", !done);
    });
    if (now) diagram.reveal(`n${now.x}`);
  };
  if (busy) for (const arrow of arrows) arrow.label = undefined;
  return { boxes, arrows, update };
}

function contributionLabel(chain, slot, k) {
  const { upstream, partial, contribution } = chain.contribution(slot, k);
  const text =
    partial === null ? "stopped" : `${short(upstream)} · ${factor(partial)} = ${short(contribution)}`;
  const element = make("div.contribution", { title: "upstream · partial = contribution" }, text);
  return { element, width: 6.4 * text.length + 12, height: 17 };
}

function nodeCard(app, n) {
  const { graph, state } = app;
  const leaf = graph.isLeaf(n);
  const gradient = make("b.gradient", {}, "—");
  const title = leaf ? label(graph, n) || "constant" : written(graph, n);
  const element = make(
    `button.card.node.${leaf ? "leaf" : "operation"}`,
    { onclick: () => state.select({ node: n }), "data-box": `n${n}` },
    make(
      "span.row",
      {},
      make("b", {}, title),
      title.includes(" = ") || leaf ? null : make("span.symbol", {}, signOf(graph, n)),
    ),
    make(
      "span.row",
      {},
      make("span", {}, "value"),
      make("b.value", {}, graph.header.texts[n] ?? short(graph.data[n])),
    ),
    make("span.row", {}, make("span", {}, "grad"), gradient),
  );
  const width = Math.min(260, Math.max(112, 8 * title.length + 40));
  return { id: `n${n}`, element, width, height: 66, node: n, gradient };
}

/** An operation as it was written: `c = a × b`. */
function written(graph, n) {
  const operands = [...graph.operandsOf(n)];
  if (operands.some((x) => x >= graph.size)) return nameOf(graph, n);
  const terms = operands.map((x) => termOf(graph, x, short));
  const sign = signOf(graph, n);
  const text = isInfix(graph, n) ? terms.join(` ${sign} `) : `${sign}(${terms.join(", ")})`;
  const long = `${nameOf(graph, n)} = ${text}`;
  return long.length < 28 ? long : nameOf(graph, n);
}
