import assert from "node:assert/strict";
import { test } from "node:test";
import { shuffled, uniform } from "engine/chance";
import { Evaluation } from "engine/evaluation";
import { Learner } from "engine/learning";
import { Samples } from "engine/samples";
import { loaded, near, oracle } from "./browser.mjs";

const { lesson } = oracle.lessons;

async function begun() {
  const { graph } = await loaded("lesson");
  const samples = new Samples(graph);
  return { graph, samples, learner: new Learner(graph, samples) };
}

const parameters = ({ graph, network }) => Array.from(graph.parameters, (n) => network.data[n]);

test("a seed repeats the generator and the order of samples", () => {
  const next = uniform(5);
  assert.deepEqual(
    oracle.chance.uniform,
    oracle.chance.uniform.map(() => next()),
  );
  assert.deepEqual(shuffled([...Array(20).keys()], 3), oracle.chance.shuffled);
  assert.notDeepEqual(shuffled([...Array(20).keys()], 4), oracle.chance.shuffled);
});

test("every sample is put into its leaves, and read as Python reads it", async () => {
  const { graph, samples } = await begun();
  lesson.losses.forEach((loss, k) => {
    samples.run(graph.numbers, k);
    assert.ok(near(samples.losses[k], loss), `loss of sample ${k}`);
    assert.equal(samples.read[k], lesson.read[k]);
    assert.deepEqual([...samples.image(k)], lesson.images[k].flat(3));
  });
  const { accuracy, loss } = samples.means(samples.held);
  const held = samples.held.map((k) => lesson.losses[k]);
  assert.ok(near(loss, held.reduce((a, b) => a + b) / held.length));
  assert.equal(accuracy, samples.held.filter((k) => samples.isRight(k)).length / held.length);
});

test("Python's own sample can be put back", async () => {
  const { graph, samples } = await begun();
  graph.numbers.run();
  const before = graph.data.slice();
  samples.run(graph.numbers, 3);
  assert.notDeepEqual(graph.data, before);
  samples.each(null, (n, x) => {
    graph.data[n] = x;
  });
  graph.numbers.run();
  assert.deepEqual(graph.data, before);
});

test("a fifth is held out where Python did not say which, and no sample twice", async () => {
  const { graph } = await loaded("lesson");
  graph.header.samples.heldOut = 0;
  const { training, held, count } = new Samples(graph);
  assert.equal(held.length, Math.floor(count / 5));
  assert.deepEqual(
    [...training, ...held].sort((a, b) => a - b),
    [...Array(count).keys()],
  );
});

test("steps of training are those of nn.SGD on the same batches", async () => {
  const { learner } = await begun();
  learner.settings = { rate: lesson.rate, batch: lesson.batch, seed: lesson.seed };
  learner.restart();
  learner.runTo(lesson.steps);
  parameters(learner).forEach((w, i) => {
    assert.ok(near(w, lesson.trained[i]), `parameter ${i}: ${w}, not ${lesson.trained[i]}`);
  });
  assert.equal(learner.curve[0].epochs, 0);
  const { training, held } = learner.curve.at(-1);
  assert.ok(training.count > 0 && held.count === learner.samples.held.length);
});

test("the same seed learns the same, another one something else", async () => {
  const trained = async (seed) => {
    const { learner } = await begun();
    learner.settings.seed = seed;
    learner.restart();
    learner.runTo(7);
    return parameters(learner);
  };
  assert.deepEqual(await trained(1), await trained(1));
  assert.notDeepEqual(await trained(1), await trained(2));
});

test("a slice of time ends in the middle of a batch, and the next one goes on there", async () => {
  const { learner } = await begun();
  const { learner: other } = await begun();
  while (learner.steps < 3) learner.run(0);
  other.runTo(3);
  assert.deepEqual(parameters(learner), parameters(other));
});

test("what others change while it learns is taken, and what was learned stays", async () => {
  const { graph, learner } = await begun();
  for (const [n, x] of learner.tell()) graph.data[n] = x;
  const [first, second] = graph.parameters;
  learner.runTo(2);
  const learned = learner.network.data[second];
  graph.data[first] = 7;
  learner.pull();
  assert.equal(learner.network.data[first], 7);
  assert.equal(learner.network.data[second], learned);
});

test("a rate that is too large stops before a parameter is lost", async () => {
  const { learner } = await begun();
  learner.settings.rate = 1e200;
  learner.runTo(100);
  assert.match(learner.failed, /not finite: try a smaller η/);
  assert.ok(parameters(learner).every(Number.isFinite));
  learner.settings.rate = 0.01;
  learner.restart();
  assert.equal(learner.failed, "");
});

test("the curve stays short, however long it learns", async () => {
  const { learner } = await begun();
  learner.settings.batch = 1;
  learner.runTo(6000);
  assert.ok(learner.curve.length < 400 && learner.curve.length > 50, `${learner.curve.length} points`);
  assert.equal(learner.curve[0].epochs, 0);
});

test("an evaluation reads all samples, those that are seen first, until the parameters change", async () => {
  const { graph, samples } = await begun();
  const evaluation = new Evaluation(graph, samples);
  assert.ok(evaluation.isStale);
  evaluation.begin([5, 2]);
  assert.deepEqual(evaluation.order.slice(0, 2), [5, 2]);
  assert.equal(evaluation.order.length, samples.count);
  while (!evaluation.isDone) evaluation.run(5);
  assert.deepEqual([...samples.read], lesson.read);
  assert.ok(!evaluation.isStale);
  graph.data[graph.parameters[0]] += 1;
  assert.ok(evaluation.isStale);
});
