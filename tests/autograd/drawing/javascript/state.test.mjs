import assert from "node:assert/strict";
import { test } from "node:test";
import { Timeline } from "engine/timeline";
import { State } from "page/state";
import { labelled, loaded } from "./browser.mjs";

const written = [];
globalThis.location = { protocol: "file:", hash: "" };
globalThis.history = {
  pushState: (_, __, hash) => written.push(["push", hash]),
  replaceState: (_, __, hash) => written.push(["replace", hash]),
};
let changed;
window.addEventListener = (_, action) => {
  changed = action;
};

async function opened(name, hash = "") {
  location.hash = hash;
  written.length = 0;
  const { graph, truth } = await loaded(name);
  const timeline = new Timeline(graph);
  return { graph, truth, timeline, state: new State(graph, timeline) };
}

test("a layered graph starts with layers, an expression with nodes, at the end of the reverse pass", async () => {
  const cnn = await opened("cnn");
  assert.deepEqual([cnn.state.cards, cnn.state.grain, cnn.state.show], ["layers", "layer", "value"]);
  assert.equal(cnn.state.time, cnn.timeline.end);
  const { state } = await opened("expression");
  assert.deepEqual([state.cards, state.grain, state.node, state.stage], ["nodes", "scalar", null, null]);
});

test("a view is read from the address", async () => {
  const { state, truth, timeline } = await opened(
    "cnn",
    "#node=conv1[1,2,3]&show=gradient&grain=scalar&as=nodes&step=reverse-12",
  );
  assert.equal(state.node, labelled(truth, "conv1[1,2,3]"));
  assert.deepEqual([state.stage, state.show, state.grain, state.cards], [0, "gradient", "scalar", "nodes"]);
  assert.deepEqual([state.time, state.before, timeline.reverse.partialSums.time], [12, 11, 12]);
});

test("what the address does not mean is left as usual, and said", async () => {
  const { state, timeline } = await opened("cnn", "#node=no[1]&show=all&grain=epoch&as=pie&step=-4");
  assert.equal(state.problem, "nothing here is called no");
  assert.deepEqual(
    [state.show, state.grain, state.cards, state.time],
    ["value", "layer", "layers", timeline.end],
  );
  assert.equal((await opened("cnn", "#step=reverse-999999")).state.time, timeline.end);
});

test("what is selected is written to the address, and read again", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { state, truth } = await opened("cnn");
  state.select({ node: labelled(truth, "conv1.weight[1,0,2,2]") });
  assert.equal(state.stage, 0, "a parameter is looked at in the layer that reads it");
  t.mock.timers.tick(200);
  assert.deepEqual(written.pop(), ["push", "#node=conv1.weight[1,0,2,2]"]);
  state.set({ time: 7, grain: "channel", show: "|gradient|" });
  assert.equal(state.before, 6);
  t.mock.timers.tick(200);
  const [how, hash] = written.pop();
  assert.equal(how, "replace");
  const again = await opened("cnn", hash);
  for (const key of ["node", "stage", "time", "grain", "show", "cards"])
    assert.equal(again.state[key], state[key], key);
});

test("a step of the forward pass is written and read as well", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { state, graph, timeline } = await opened("cnn");
  state.set({ time: timeline.start + 5 });
  assert.ok(graph.isWaiting(graph.roots[0]));
  t.mock.timers.tick(200);
  assert.deepEqual(written.pop(), ["replace", "#step=forward-5"]);
  const again = await opened("cnn", "#step=forward-5&grain=scalar");
  assert.deepEqual([again.state.time, again.state.before], [timeline.start + 5, timeline.start + 4]);
  assert.equal(again.timeline.forward.time, 5);
});

test("a layer is written by its title", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { state } = await opened("twice");
  state.select({ stage: 1 });
  t.mock.timers.tick(200);
  assert.deepEqual(written.pop(), ["push", "#layer=dense+%282%29"]);
  assert.equal((await opened("twice", "#layer=dense+%282%29")).state.stage, 1);
});

test("listeners hear of changes, and of an address that somebody else changed", async () => {
  const { state } = await opened("cnn");
  const heard = [];
  state.onChange((changes) => heard.push(changes));
  state.set({ show: "gradient" });
  assert.deepEqual(heard, [{ show: "gradient" }]);
  location.hash = "#layer=pool1";
  changed();
  assert.deepEqual([state.stage, state.show, heard.length], [2, "value", 2]);
  state.written = "layer=pool1"; // by the page itself
  changed();
  assert.equal(heard.length, 2);
  state.select({ error: "nothing" });
  assert.equal(heard.length, 2);
});

test("within a notebook there is no address", async () => {
  const { state } = await opened("cnn");
  location.protocol = "about:";
  state.write();
  location.protocol = "file:";
  assert.deepEqual(written, []);
});
