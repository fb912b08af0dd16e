// The page: a bar, the model or the expression, what is selected, and the player.

import { centreOf, look } from "cards/aroundcards";
import { drawCards } from "cards/cards";
import { turnSelected } from "cards/layercards";
import { wake } from "cards/layout";
import { inflated, unpacked } from "engine/decode";
import { editsOf, editsText } from "engine/edits";
import { Epochs } from "engine/epochs";
import { Graph } from "engine/graph";
import { Live } from "engine/live";
import { find } from "engine/names";
import { count } from "engine/numbers";
import { prepare } from "engine/paths";
import { GRAINS } from "engine/reversepass";
import { Samples } from "engine/samples";
import { Timeline } from "engine/timeline";
import { runnerBeside } from "page/beside";
import { linkChoices, scaleButton, turnScale } from "page/choices";
import { details } from "page/details";
import { editsBar } from "page/edits";
import { epochsBar } from "page/epochs";
import { learnPanel } from "page/learn";
import { pictures } from "page/picture";
import { Player } from "page/player";
import { SHOWN, State } from "page/state";
import { Tour } from "page/tour";
import { make } from "parts/dom";
import { longPresses } from "parts/press";
import { PRIMITIVES } from "primitives";

const $ = (id) => document.getElementById(id);

async function start() {
  wake();
  const { header, arrays } = unpacked(await inflated("graph"));
  const graph = new Graph(header, arrays, PRIMITIVES);
  const timeline = new Timeline(graph);
  const state = new State(graph, timeline);
  const samples = header.samples && !header.frozen ? new Samples(graph) : null;
  const live = new Live(graph, runnerBeside, samples);
  const epochs = new Epochs(graph);
  const app = { graph, timeline, reverse: timeline.reverse, state, live, epochs, top: $("top") };
  followed(app);
  linkChoices(app);
  if (!location.hash) Object.assign(state, first(graph, state));
  const player = new Player(app);
  $("player").replaceWith(player.element);
  $("about").textContent = `${count(graph.size, "node")}, ${count(graph.stages.length, "layer")}`;
  $("edits").replaceWith(editsBar(app));
  $("epochs").replaceWith(epochsBar(app));
  shownButtons(state);
  $("shown").after(scaleButton(app));
  cardsButtons(app);
  search(graph, state);
  const drawn = drawCards(app); // Graphviz places them meanwhile
  details(app, $("details"));
  const tour = new Tour(app);
  $("tour").replaceWith(tour.element);
  $("tour-button").replaceWith(tour.button);
  const others = { ...learnPanel(app, $("learn-button"), $("learn")), ...pictures(app, $("picture-button")) };
  keys(app, player, tour, others);
  longPresses();
  document.body.classList.toggle("within", window.parent !== window); // a notebook
  await drawn;
  tour.reveal();
  window.explorer = app;
  prepare(graph);
  document.body.dataset.ready = performance.now().toFixed(0);
}

/** Let everything follow the numbers, and the address hold what was changed. */
function followed({ graph, reverse, state, live, epochs }) {
  live.onRun((changes) => {
    if (changes.numbers) {
      graph.reach = undefined;
      reverse.renew();
    }
    state.tell(changes);
  });
  let asked = [];
  state.link("epoch", {
    read: (text) => {
      asked = epochs.asked(text);
    },
    write: () => epochs.text,
  });
  state.link("set", {
    read: (text) => live.restore([...asked, ...editsOf(live, text)]),
    write: () => editsText(live, epochs.others(live.changes)),
  });
}

/** What is selected where the address says nothing: what Python asked for, the root, or a layer. */
function first(graph, state) {
  const at = graph.header.at;
  if (at !== undefined) return { node: at, stage: state.stageFor(at) };
  const layer = Math.max(
    0,
    graph.stages.findIndex((s) => s.outputs.length),
  ); // of found ones, not all make a tensor
  return state.cards !== "layers" || !graph.stages.length ? { node: graph.roots[0] } : { stage: layer };
}

// --- what is shown ---------------------------------------------------------------------------------

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

/** The graph can be drawn as layers, as nodes if it is small, and as what is around one node. */
function cardsButtons(app) {
  const { state } = app;
  const drawn = state.drawable;
  const buttons = drawn.map((cards) =>
    make("button", { onclick: () => draw(app, cards), title: TITLES[cards] }, cards),
  );
  $("cards").replaceChildren(...buttons);
  $("cards").hidden = drawn.length < 2;
  const update = () => {
    buttons.forEach((b, k) => {
      b.setAttribute("aria-pressed", drawn[k] === state.cards);
    });
  };
  state.onChange(update);
  update();
}

const TITLES = {
  layers: "draw the layers (d)",
  nodes: "draw every node (d)",
  around: "draw what is around the node that is looked at (d)",
};

/** Draw it so; around a node, one has to be looked at. */
function draw(app, cards) {
  const node = cards === "around" ? { node: centreOf(app) } : {};
  app.state.set({ cards, ...node });
}

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

function keys(app, player, tour, others) {
  const { state, timeline, graph } = app;
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
    Home: () => player.go(timeline.start),
    End: () => player.go(timeline.end),
    "/": () => $("search").focus(),
    "?": () => $("help").showModal(),
    e: () => turnSelected(app, true),
    E: () => turnSelected(app, false),
    d: () => draw(app, cycle(state.drawable, state.cards)),
    "<": () => look(app, -1),
    ">": () => look(app, 1),
    v: () => state.set({ show: cycle(SHOWN, state.show) }),
    s: () => turnScale(state),
    g: () => state.set({ grain: cycle(GRAINS, state.grain) }),
    "[": () => layer(-1),
    "]": () => layer(1),
    "+": () => app.diagram?.zoom(1.25),
    "-": () => app.diagram?.zoom(0.8),
    0: () => app.diagram?.fit(true),
    t: () => tour.toggle(),
    Escape: () => {
      if (tour.isOpen) tour.close();
      else state.set(state.node !== null ? { node: null } : { stage: null });
    },
  };
  document.addEventListener("keydown", (event) => {
    const typing = isTaken(event) || document.querySelector("dialog[open]");
    if (!typing && (event.ctrlKey || event.metaKey)) return command(app.live, event);
    if (event.altKey || typing || !(event.key in actions)) return;
    if (event.key === " " && event.target.closest?.("button, summary")) return;
    event.preventDefault();
    actions[event.key]();
  });
  $("help-button").addEventListener("click", () => $("help").showModal());
}

/** Whether a key is for what has the focus: for text, or, where it moves, for a slider. */
function isTaken({ target, key }) {
  if (target.closest?.("input:not([type=range]), select, textarea")) return true;
  return /^(Arrow|Home|End|Page)/.test(key) && Boolean(target.closest?.("input:not(.slider)"));
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
