// The page: a bar, the model or the expression, what is selected, and the player.

import { drawCards } from "cards/cards";
import { inflated, unpacked } from "engine/decode";
import { editsOf, editsText } from "engine/edits";
import { Graph } from "engine/graph";
import { Live } from "engine/live";
import { find } from "engine/names";
import { count } from "engine/numbers";
import { prepare } from "engine/paths";
import { GRAINS, ReversePass } from "engine/reversepass";
import { Samples } from "engine/samples";
import { runnerBeside } from "page/beside";
import { editsBar } from "page/edits";
import { learnPanel } from "page/learn";
import { Player } from "page/player";
import { SHOWN, State } from "page/state";
import { layerPane } from "panes/layer";
import { nodePane } from "panes/node";
import { onTheme } from "parts/colors";
import { make, refresh } from "parts/dom";
import { PRIMITIVES } from "primitives";

const $ = (id) => document.getElementById(id);

async function start() {
  const { header, arrays } = unpacked(await inflated("graph"));
  const graph = new Graph(header, arrays, PRIMITIVES);
  const reverse = new ReversePass(graph);
  const state = new State(graph, reverse);
  const samples = header.samples && !header.frozen ? new Samples(graph) : null;
  const live = new Live(graph, runnerBeside, samples);
  const app = { graph, reverse, state, live, top: $("top") };
  followed(app);
  if (!location.hash)
    Object.assign(
      state,
      state.cards === "nodes" || !graph.stages.length ? { node: graph.roots[0] } : { stage: 0 },
    );
  const player = new Player(app);
  $("player").replaceWith(player.element);
  $("about").textContent = `${count(graph.size, "node")}, ${count(graph.stages.length, "layer")}`;
  $("edits").replaceWith(editsBar(app));
  shownButtons(state);
  cardsButton(graph, state);
  search(graph, state);
  details(app);
  keys(app, player, learnPanel(app, $("learn-button"), $("learn")));
  await drawCards(app);
  onTheme(() => details.render(true));
  window.explorer = app;
  prepare(graph);
  document.body.dataset.ready = performance.now().toFixed(0);
}

/** Let everything follow the numbers, and the address hold what was changed. */
function followed({ graph, reverse, state, live }) {
  live.onRun((changes) => {
    if (changes.numbers) {
      graph.reach = undefined;
      reverse.renew();
    }
    state.tell(changes);
  });
  state.link("set", {
    read: (text) => live.restore(editsOf(live, text)),
    write: () => editsText(live),
  });
}

// --- what is selected ------------------------------------------------------------------------------

function details(app) {
  const { state, graph } = app;
  let panes = [];
  let shown = "";
  const render = (anew) => {
    const key = `${state.stage} ${state.node} ${state.cards}`;
    if (!anew && key === shown) {
      for (const pane of panes) pane.update();
      refresh($("details"));
      return;
    }
    shown = key;
    panes = [];
    const layered = state.stage !== null && state.cards === "layers";
    if (layered) panes.push(layerPane(app, graph.stages[state.stage]));
    if (state.node !== null) panes.push(nodePane(app, state.node));
    const hint = state.problem ?? "Click a card, or press / to search and ? for help.";
    $("details").replaceChildren(
      ...(panes.length ? panes.map((p) => p.element) : [make("p.hint", {}, hint)]),
    );
    for (const pane of panes) pane.update();
    bringIntoSight(app);
  };
  details.render = render;
  state.onChange(() => render(false));
  render(true);
}

/** Scroll to what was opened: the entry's heat map in its pane, or the node's pane below. */
function bringIntoSight({ state, graph }) {
  const pane = document.querySelector(".node-pane");
  if (!pane) return;
  const layer = document.querySelector(".layer-pane");
  const below = layer && pane.offsetTop > layer.offsetTop + 20;
  const name = graph.tensors[graph.tensorOf[state.node]]?.name;
  const figure = [...document.querySelectorAll(".layer-pane figure")].find((f) => f.dataset.tensor === name);
  if (below) pane.scrollIntoView({ block: "start" });
  else figure?.scrollIntoView({ block: "nearest" });
}

function shownButtons(state) {
  const buttons = SHOWN.map((show) =>
    make(
      "button",
      { onclick: () => state.set({ show }), title: `show each ${show} (v)` },
      show.replace("gradient", "gradients").replace("value", "values"),
    ),
  );
  $("shown").replaceChildren(...buttons);
  const update = () => {
    buttons.forEach((b, k) => {
      b.setAttribute("aria-pressed", SHOWN[k] === state.show);
    });
  };
  state.onChange(update);
  update();
}

/** Small graphs with layers can be drawn both ways. */
function cardsButton(graph, state) {
  const button = $("cards");
  button.hidden = !graph.isSmall || !graph.stages.length;
  button.addEventListener("click", () => turn(state));
  const update = () => {
    button.textContent = state.cards === "nodes" ? "as layers" : "as nodes";
  };
  state.onChange(update);
  update();
}

const turn = (state) => state.set({ cards: state.cards === "nodes" ? "layers" : "nodes" });

// --- search ----------------------------------------------------------------------------------------

function search(graph, state) {
  const names = [
    ...graph.stages.map((s) => s.title),
    ...graph.tensors.map((t) => `${t.name}[${t.shape.map(() => 0).join(",")}]`),
    ...Object.values(graph.header.labels),
  ];
  $("names").replaceChildren(...[...new Set(names)].slice(0, 500).map((value) => make("option", { value })));
  const input = $("search");
  const sample = graph.tensors.find((t) => t.parameter) ?? graph.tensors[0];
  if (sample) input.placeholder = `find ${sample.name}[${sample.shape.map(() => 0).join(",")}]`;
  input.addEventListener("keydown", (e) => {
    if (e.key !== "Escape") return;
    $("problem").textContent = "";
    input.value = "";
    input.blur();
  });
  input.addEventListener("change", () => {
    const text = input.value.trim();
    if (!text) return;
    const found = find(graph, text);
    $("problem").textContent = found.error ?? "";
    if (found.error) return;
    state.select(found);
    input.value = "";
    input.blur();
  });
}

// --- keys ------------------------------------------------------------------------------------------

function keys(app, player, others) {
  const { state, reverse, graph } = app;
  const cycle = (all, now) => all[(all.indexOf(now) + 1) % all.length];
  const layer = (by) => {
    const n = graph.stages.length;
    if (!n) return;
    const at = state.stage === null ? (by > 0 ? 0 : n - 1) : (state.stage + by + n) % n;
    state.set({ stage: at, node: null });
  };
  const actions = {
    ...others,
    " ": () => player.toggle(),
    ArrowRight: () => player.step(1),
    ArrowLeft: () => player.step(-1),
    Home: () => player.go(0),
    End: () => player.go(reverse.end),
    "/": () => $("search").focus(),
    "?": () => $("help").showModal(),
    d: () => graph.isSmall && graph.stages.length && turn(state),
    v: () => state.set({ show: cycle(SHOWN, state.show) }),
    g: () => state.set({ grain: cycle(GRAINS, state.grain) }),
    "[": () => layer(-1),
    "]": () => layer(1),
    "+": () => app.diagram?.zoom(1.25),
    "-": () => app.diagram?.zoom(0.8),
    0: () => app.diagram?.fit(true),
    Escape: () => state.set(state.node !== null ? { node: null } : { stage: null }),
  };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input:not(.slider), select, textarea") || $("help").open;
    if (!typing && (event.ctrlKey || event.metaKey)) return command(app.live, event);
    if (event.altKey || typing || !(event.key in actions)) return;
    if (event.key === " " && event.target.closest?.("button, summary")) return;
    event.preventDefault();
    actions[event.key]();
  });
  $("help-button").addEventListener("click", () => $("help").showModal());
}

/** Undo and redo, as everywhere. */
function command(network, event) {
  const key = event.key.toLowerCase();
  if (key === "z" && !event.shiftKey) network.undo();
  else if (key === "y" || key === "z") network.redo();
  else return;
  event.preventDefault();
}

start().catch((error) => {
  $("details").replaceChildren(make("p.hint", {}, `The page could not be shown: ${error.message}`));
  throw error;
});
