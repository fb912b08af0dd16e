import assert from "node:assert/strict";
import { test } from "node:test";
import { editsOf, editsText, uniqueName } from "engine/edits";
import { History } from "engine/history";
import { Live } from "engine/live";
import { labelled, loaded } from "./browser.mjs";

async function living(name = "expression") {
  const { graph, truth } = await loaded(name);
  const live = new Live(graph);
  const heard = [];
  live.onRun((changes) => heard.push(changes));
  return { graph, live, heard, a: labelled(truth, "a"), b: labelled(truth, "b"), y: graph.roots[0] };
}

/** y = tanh(a·b − a/b) + a */
const formula = (a, b) => Math.tanh(a * b - a / b) + a;

test("a graph that runs as in Python is not frozen, and nothing is changed", async () => {
  const { graph, live } = await living();
  assert.equal(live.frozen, "");
  assert.equal(live.changes.size, 0);
  for (let n = 0; n < graph.size; n++) assert.ok(!live.isChanged(n));
});

test("a leaf gets another number, all that reads it follows, and views are told once", async () => {
  const { graph, live, heard, a, b, y } = await living();
  live.set(a, 0.5, "a = 0.5");
  assert.ok(Math.abs(graph.data[y] - formula(0.5, -3)) < 1e-15);
  assert.deepEqual(heard, [{ numbers: true }]);
  assert.ok(live.isChanged(a) && live.isChanged(y) && !live.isChanged(b));
  assert.deepEqual([...live.changes], [[a, 0.5]]);
});

test("gradients follow: they are the slopes of the changed graph", async () => {
  const { graph, live, a, b } = await living();
  live.setMany([
    [a, 0.3],
    [b, 0.7],
  ]);
  const h = 1e-6;
  const slope = (formula(0.3 + h, 0.7) - formula(0.3 - h, 0.7)) / (2 * h);
  assert.ok(Math.abs(graph.adjoint[a] - slope) < 1e-8);
});

test("only leaves are changed, and the same number is no change", async () => {
  const { live, graph, a, y } = await living();
  live.set(y, 1);
  live.set(a, graph.data[a]);
  assert.equal(live.version, 0);
  assert.equal(live.history.undoes, null);
});

test("undo, redo and reset go back and forth, and a change forgets what was undone", async () => {
  const { graph, live, a, b, y } = await living();
  const first = graph.data[y];
  live.set(a, 1, "one");
  live.set(a, 5, "five");
  live.undo();
  assert.equal(graph.data[a], 1);
  assert.deepEqual([live.history.undoes, live.history.redoes], ["one", "five"]);
  live.redo();
  assert.equal(graph.data[a], 5);
  live.undo();
  live.set(b, 2, "two");
  assert.equal(live.history.redoes, null);
  live.reset();
  assert.equal(graph.data[y], first);
  assert.equal(live.changes.size, 0);
  live.undo();
  assert.deepEqual([graph.data[a], graph.data[b]], [1, 2]);
});

test("what happens while a step is held is one step", async () => {
  const { graph, live, a, b } = await living();
  const was = [graph.data[a], graph.data[b]];
  live.hold();
  for (const x of [1, 2, 3]) live.set(a, x, "drag");
  live.set(b, 4, "drag b");
  live.release();
  live.undo();
  assert.deepEqual([graph.data[a], graph.data[b]], was);
  assert.equal(live.history.undoes, null);
  live.redo();
  assert.deepEqual([graph.data[a], graph.data[b]], [3, 4]);
  live.hold();
  live.release();
  assert.equal(live.history.undoes, "drag b", "a step in which nothing happened is none");
});

test("numbers that a link asks for replace all others, without a step", async () => {
  const { graph, live, a, b } = await living();
  const was = graph.data[a];
  live.set(a, 1);
  const { undoes } = live.history;
  live.restore([[b, 7]]);
  assert.deepEqual([graph.data[a], graph.data[b]], [was, 7]);
  assert.equal(live.history.undoes, undoes);
});

test("another number than Python's freezes the graph, which keeps Python's", async () => {
  const { graph } = await loaded("expression");
  const y = graph.roots[0];
  graph.original[y] += 1e-6;
  const live = new Live(graph);
  assert.match(live.frozen, /Python had/);
  assert.equal(graph.data[y], graph.original[y]);
  live.set(graph.operandsOf(y)[0], 3);
  assert.equal(live.version, 0);
});

test("rounding of what cancels is no other number", async () => {
  const { graph } = await loaded("expression");
  const sub = [...graph.op.keys()].find((n) => !graph.isLeaf(n) && graph.operation(n).name === "sub");
  graph.original[sub] += 1e-16;
  assert.equal(new Live(graph).frozen, "");
});

test("a large graph runs beside, runs that are asked for meanwhile are one", async () => {
  const { graph, a } = await living();
  const asked = [];
  const beside = () => ({
    run: async (leaves) => {
      asked.push(leaves);
      await null;
      graph.numbers.run();
      return { data: graph.data.slice(), adjoint: graph.adjoint.slice() };
    },
  });
  const live = new Live(graph, beside);
  live.large = true;
  const done = live.set(a, 1);
  live.set(a, 2);
  live.set(a, 3);
  await done;
  assert.deepEqual(asked.at(-1), [[a, 3]]);
  assert.ok(asked.length <= 3, "one as it came, one that was under way, one for all that followed");
  assert.ok(Math.abs(graph.data[graph.roots[0]] - formula(3, -3)) < 1e-15);
});

test("edits are written by names that find their nodes again", async () => {
  const { graph } = await loaded("cnn");
  const tensor = graph.tensors.find((t) => t.parameter && t.shape.length > 1);
  const n = tensor.entries[3];
  const text = editsText({ graph, changes: new Map([[n, -0.25]]) });
  assert.ok(text.startsWith(`${tensor.name}[`) && text.endsWith(":-0.25"));
  assert.deepEqual(editsOf({ graph }, text), [[n, -0.25]]);
  assert.deepEqual(editsOf({ graph }, "nothing[0]:1;;:;x:y"), []);
  assert.deepEqual(editsOf({ graph }, null), []);
  assert.equal(editsText({ graph, changes: new Map() }), null);
  const many = new Map(Array.from({ length: 2_001 }, (_, k) => [k, 1]));
  assert.equal(editsText({ graph, changes: many }), null, "training changes more than an address can hold");
});

test("a label that looks like an edit, or that two nodes have, is written by number", async () => {
  const { graph, a, b } = await living();
  for (const label of ["a:1;b", "b"]) {
    graph.header.labels[a] = label;
    graph.byLabel = undefined;
    const text = editsText({ graph, changes: new Map([[a, 4]]) });
    assert.deepEqual(editsOf({ graph }, text), [[a, 4]]);
  }
  assert.equal(uniqueName(graph, b), "b");
});

test("the history keeps its last steps", () => {
  const history = new History();
  for (let k = 0; k < 300; k++) history.add([[0, k, k + 1]], `${k}`);
  let steps = 0;
  while (history.undo().length) steps++;
  assert.equal(steps, 200);
  assert.equal(history.undoes, null);
});
