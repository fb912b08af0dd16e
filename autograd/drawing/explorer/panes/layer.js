// A layer: what goes in, what comes out, what reads it, as heat maps; its kernels; its products.

import { flowOf } from "engine/flow";
import { rootName, under } from "engine/names";
import { count, full, short } from "engine/numbers";
import { clamp } from "engine/reversepass";
import { lossSection } from "panes/loss";
import { isPaintable, painting } from "panes/paint";
import { Products } from "panes/products";
import { equation } from "parts/arithmetic";
import { legend, themeColor } from "parts/colors";
import { make, table } from "parts/dom";
import { indexText } from "parts/maps";
import { TensorMap } from "parts/tensormap";

const ROWS = 500; // of a table of entries
const LAST = 30; // operations, of a layer without tensors

/** The pane of a layer, and `update()` to repaint it. */
export function layerPane(app, stage) {
  const { graph, state } = app;
  const columns = columnsOf(app, stage);
  const maps = Object.values(columns).flat();
  const light = () => highlight(app, maps);
  for (const map of maps) map.maps.onhover = light;
  const ring = (nodes) => {
    for (const map of maps) map.ring("product", nodes, themeColor("good"));
  };
  const products = stage.matrixProducts.length ? new Products(app, stage, ring) : null;
  const small = (text) => make("span.small", {}, text);
  const element = make(
    "div.pane.layer-pane",
    {},
    make(
      "h2",
      {},
      stage.title,
      make("span.subtitle", {}, stage.kind),
      small(count(stage.count, "node")),
      legend(state),
    ),
    flowWords(app, stage),
    lossSection(app, stage),
    make(
      "div.columns",
      {},
      column("before", "reads", columns.before),
      column("kernels", "parameters", columns.kernels),
      column("here", "makes", columns.here),
      column("after", "read by", columns.after),
    ),
    products?.element,
    compiled(graph, stage),
    lastLines(app, stage),
    columns.here.length ? entriesTable(app, columns.here[0].tensor) : null,
  );
  const update = () => {
    for (const map of maps) map.paint();
    products?.update();
    select(app, maps);
    light();
    highlightStep(app, maps);
  };
  return { element, update };
}

/** What becomes of the gradient here, and how large it is at the parameters. */
function flowWords(app, stage) {
  const flow = flowOf(app);
  const root = under(rootName(app.graph));
  const parameters = stage.reads.map((t) => app.graph.tensors[t]).filter((t) => t.parameter);
  const norms = () => parameters.map((t) => `‖${root}/${under(t.name)}‖ = ${short(flow.norm([t]))}`);
  return make("p.flow", {}, () => [...flow.words(stage), norms().join(", ")].join(" "));
}

/** The tensors around a layer, as heat maps. */
function columnsOf(app, stage) {
  const { graph, live } = app;
  const read = stage.reads.map((t) => graph.tensors[t]);
  const outputsOf = (s) => s.outputs.map((t) => graph.tensors[t]);
  const before = stage.predecessors.flatMap(([k]) => outputsOf(graph.stages[k]));
  const after = graph.stages.filter((s) => s.predecessors.some(([k]) => k === stage.index));
  let won = null;
  let version = -1;
  const markWon = (n) => {
    if (version !== live.version) [won, version] = [winners(graph, stage), live.version];
    return won.has(n) ? "won" : null;
  };
  const markDead = (n) => (graph.isDead(n) ? "dead" : null);
  const [wide, wider] = widths();
  const group = (tensors, width, mark) => tensors.map((t) => new TensorMap(app, t, width, mark));
  const isParameter = (t) => t.parameter;
  const inputs = group(
    read.filter((t) => !isParameter(t)),
    wide,
    markWon,
  );
  for (const map of inputs) if (isPaintable(app, map.tensor)) map.element.append(painting(app, map));
  return {
    before: [...inputs, ...group(before, wide, markWon)],
    kernels: group(read.filter(isParameter), wide),
    here: group(outputsOf(stage), wider, markDead),
    after: group(after.flatMap(outputsOf), wide, markDead),
  };
}

/** The widths of the maps beside what a layer makes, and of that: four columns where they fit. */
function widths() {
  const room = window.innerWidth;
  const wide = room > 1000 ? clamp(room / 8, 150, 240) : clamp(room - 60, 200, 300);
  return [wide, Math.min(1.3 * wide, 320)].map(Math.round);
}

function column(name, title, maps) {
  if (!maps.length) return null;
  return make(
    `div.column.${name}`,
    {},
    make("h3", {}, title),
    maps.map((m) => m.element),
  );
}

/** The entries that an operation such as max handed its gradient to, among others it did not. */
function winners(graph, stage) {
  const found = new Set();
  for (let p = stage.start; p < stage.end; p++) {
    const y = graph.sequence[p];
    for (let slot = graph.firstSlot[y]; slot < graph.firstSlot[y + 1]; slot++) {
      if (graph.operands[slot] < graph.size) continue;
      if (!graph.chooses(slot) || graph.owner[y] < 0) continue; // the shift of a softmax is no pool
      graph.entriesOf(graph.operands[slot]).forEach((x, k) => {
        if (graph.partial(slot, k) === 1) found.add(x);
      });
    }
  }
  return found;
}

/** Ring what an entry is made of in the layer before, and what it feeds in the layer after: of the
 * entry under the mouse, or else of the selected one, so that a click keeps what hovering shows. */
function highlight({ graph, state }, maps) {
  const hovered = maps.map((map) => map.hovered()).find((n) => n >= 0);
  const n = hovered ?? state.node ?? -1;
  const related = n < 0 ? [] : [...madeOf(graph, n), ...feeds(graph, n)];
  for (const map of maps)
    map.ring("related", map.tensor.index === graph.tensorOf[n] ? [] : related, themeColor("good"));
}

/** The nodes of other layers, and the leaves, that a node's arithmetic in its own layer reads. */
function madeOf(graph, n) {
  const stage = graph.stageOf[n];
  const found = new Set();
  const seen = new Set([n]);
  const stack = graph.isLeaf(n) ? [] : [n];
  while (stack.length && seen.size < 20_000) {
    for (const x of graph.operandsOf(stack.pop()))
      for (const v of graph.entriesOf(x)) {
        if (seen.has(v)) continue;
        seen.add(v);
        if (graph.stageOf[v] === stage) stack.push(v);
        else found.add(v);
      }
  }
  return [...found];
}

/** The output entries that a node's readers work for. */
function feeds(graph, n) {
  const homes = graph.readersOf(n).map((y) => graph.ownerOf(y));
  return [...new Set(homes)];
}

function select({ state }, maps) {
  for (const map of maps) map.ring("selected", state.node === null ? [] : [state.node]);
}

/** Ring what the player does, scalar by scalar: what is read, and the entry that it is for. */
function highlightStep({ state, timeline, graph }, maps) {
  const step = state.grain === "scalar" ? timeline.stepAt(state.time) : null;
  const nodes = step ? [graph.ownerOf(step.y)] : [];
  const read = (step?.reads ?? []).map((n) => graph.ownerOf(n)).filter((n) => n !== nodes[0]);
  if (step && !step.reads) nodes.push(step.x);
  for (const map of maps) {
    map.ring("read", read, themeColor("good"));
    map.ring("step", nodes);
  }
}

// --- words and tables ------------------------------------------------------------------------------

/** What a compiled program made of the layer. */
function compiled(graph, { path }) {
  if (!Object.hasOwn(graph.header.programs, path)) return null;
  return make(
    "details.compiled",
    {},
    make("summary", {}, "as compiled"),
    make("pre", {}, graph.header.programs[path]),
  );
}

/** The last operations of a layer whose results are no tensor: a loss, code outside of layers. */
function lastLines(app, stage) {
  if (stage.outputs.length) return null;
  const last = Math.min(stage.start + LAST, stage.end);
  const nodes = [...app.graph.sequence.subarray(stage.start, last)].sort((a, b) => a - b);
  const more = stage.count - nodes.length;
  return make(
    "section.made",
    {},
    make("h3", {}, "its arithmetic"),
    more ? make("p.small", {}, `${count(more, "operation")} before these`) : null,
    nodes.map((n) => equation(app, n)),
  );
}

/** The entries of a tensor as a table that can be read aloud, filled when it is opened. */
function entriesTable({ graph, reverse }, { name, shape, entries }) {
  const details = make("details.entries", {}, make("summary", {}, `${name} as a table`));
  details.addEventListener("toggle", () => {
    if (!details.open || details.querySelector("table")) return;
    const rows = [...entries.subarray(0, ROWS)].map((n, place) => [
      name + indexText(shape, place),
      n < 0 ? "unused" : () => full(graph.data[n]),
      n < 0 ? "" : () => full(reverse.sumOf(n).sum),
    ]);
    details.append(table(["entry", "value", "gradient"], rows));
    if (entries.length > ROWS)
      details.append(make("p.small", {}, `the first ${count(ROWS)} of ${count(entries.length)}`));
  });
  return details;
}
