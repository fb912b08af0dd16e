import assert from "node:assert/strict";
import { test } from "node:test";
import { editsOf, editsText } from "engine/edits";
import { History } from "engine/history";
import { Live } from "engine/live";
import { Samples } from "engine/samples";
import { loaded, near, oracle } from "./browser.mjs";

const { lesson } = oracle.lessons;

async function begun() {
  const { graph } = await loaded("lesson");
  const samples = new Samples(graph);
  const live = new Live(graph, null, samples);
  return { graph, samples, live, loss: () => graph.data[graph.roots[0]] };
}

test("another sample is no change of it: its numbers are where it begins", async () => {
  const { graph, live, loss } = await begun();
  live.choose(4, "sample 4");
  assert.ok(near(loss(), lesson.losses[4]));
  assert.equal(live.changes.size, 0);
  assert.ok(![...graph.data.keys()].some((n) => live.isChanged(n)));
  assert.equal(live.history.undoes, "sample 4");
  live.undo();
  assert.equal(live.sample, 0);
  assert.ok(near(loss(), lesson.losses[0]));
  live.redo();
  assert.equal(live.sample, 4);
});

test("what was painted on a sample goes with it, and comes back with undo", async () => {
  const { graph, live, loss } = await begun();
  const [pixel] = graph.inputs;
  live.set(pixel, 0.5, "painted");
  const painted = loss();
  live.choose(2, "sample 2");
  assert.equal(live.changes.size, 0);
  assert.ok(near(loss(), lesson.losses[2]));
  live.undo();
  assert.equal(graph.data[pixel], 0.5);
  assert.equal(loss(), painted);
  assert.deepEqual([...live.changes], [[pixel, 0.5]]);
});

test("weights that were changed stay changed where another sample is chosen", async () => {
  const { graph, live } = await begun();
  const [weight] = graph.parameters;
  live.set(weight, 3, "a weight");
  live.choose(2, "sample 2");
  assert.deepEqual([...live.changes], [[weight, 3]]);
  live.reset();
  assert.equal(live.changes.size, 0);
  assert.equal(live.sample, 2);
});

test("a link holds the sample and what was changed in it", async () => {
  const { graph, live, loss } = await begun();
  assert.equal(editsText(live), null);
  live.choose(6, "sample 6");
  live.set(graph.inputs[9], 0.25, "painted");
  const [text, seen] = [editsText(live), loss()];
  assert.match(text, /^sample:6;x\[\S+\]:0.25$/);
  const other = await begun();
  other.live.choose(1, "sample 1");
  other.live.restore(editsOf(other.live, text));
  assert.equal(other.loss(), seen);
  assert.equal(other.live.sample, 6);
  other.live.restore(editsOf(other.live, null));
  assert.ok(near(other.loss(), lesson.losses[0]));
  for (const wrong of ["sample:99", "sample:-1", "sample:x", "sample:1.5"])
    assert.deepEqual(editsOf(live, wrong), []);
});

test("steps that change very many numbers let older ones go", () => {
  const history = new History();
  const many = Array.from({ length: 2_500_000 }, (_, n) => [n, n / 2, n / 3]);
  history.add([[0, 1, 2]], "first");
  history.add(many, "second");
  history.add(many, "third");
  const undone = history.undo();
  assert.equal(undone.length, many.length);
  assert.deepEqual(undone[7], [7, 7 / 2]);
  assert.equal(history.undoes, null);
  assert.deepEqual(history.redo()[7], [7, 7 / 3]);
});
