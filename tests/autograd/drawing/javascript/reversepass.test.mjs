import assert from "node:assert/strict";
import { test } from "node:test";
import { clamp, ReversePass, upper } from "engine/reversepass";
import { labelled, loaded, near, oracle } from "./browser.mjs";

async function reversed(name) {
  const { graph, truth } = await loaded(name);
  return { graph, truth, reverse: new ReversePass(graph) };
}

const steps = (reverse) => Array.from({ length: reverse.end }, (_, t) => reverse.stepAt(t + 1));

for (const name of Object.keys(oracle.graphs))
  test(`the contributions of ${name} are one for each reading, and add up to the gradients`, async () => {
    const { graph, truth, reverse } = await reversed(name);
    assert.equal(reverse.end, truth.reads.length);
    const sums = new Float64Array(graph.size);
    for (const root of graph.roots) sums[root] = 1;
    for (const { x, y, upstream, partial, contribution } of steps(reverse)) {
      assert.ok(near(upstream, truth.grad[y]));
      assert.equal(contribution, partial === null ? 0 : upstream * partial);
      sums[x] += contribution;
    }
    sums.forEach((sum, n) => {
      assert.ok(near(sum, truth.grad[n]), `${n}: ${sum}, not ${truth.grad[n]}`);
    });
  });

test("nothing is sent before all of it has arrived", async () => {
  const { reverse } = await reversed("cnn");
  const last = new Map();
  const all = steps(reverse);
  for (const [t, { x }] of all.entries()) last.set(x, t);
  for (const [t, { y }] of all.entries()) assert.ok((last.get(y) ?? -1) < t);
});

test("a step is found again by the time of its slot and entry", async () => {
  const { reverse } = await reversed("cnn");
  steps(reverse).forEach(({ slot, k, position, y, stage }, t) => {
    assert.equal(reverse.timeOf(slot, k), t);
    assert.equal(reverse.positionAt(t), position);
    assert.equal(reverse.graph.stageOf[y], stage);
    assert.equal(reverse.stageAt(t + 1), stage);
  });
  assert.equal(reverse.stageAt(0), reverse.graph.stages.length - 1);
});

test("layers are gone through from the last, channels one by one, scalars each", async () => {
  const { reverse, graph } = await reversed("cnn");
  const times = (grain) => {
    const found = [0];
    while (found.at(-1) < reverse.end) found.push(reverse.next(found.at(-1), grain, 1));
    return found;
  };
  assert.deepEqual(times("layer"), [0, ...graph.stages.map((s) => reverse.start[s.end]).reverse()]);
  const channels = times("channel")
    .slice(1)
    .map((t) => [graph.stages[reverse.stageAt(t)].title, graph.channel[reverse.stepAt(t).y]]);
  assert.deepEqual(
    channels.filter(([title]) => title === "conv1").map(([, c]) => c),
    [0, 1, 2],
  );
  assert.deepEqual(
    channels.filter(([title]) => title === "head").map(([, c]) => c),
    [0, 1, 2, 3],
  );
  assert.equal(times("scalar").length, reverse.end + 1);
  for (const grain of ["layer", "channel", "scalar"]) {
    const all = times(grain);
    all.slice(1).forEach((t, k) => {
      assert.equal(reverse.next(t, grain, -1), all[k]);
    });
    assert.equal(reverse.next(0, grain, -1), 0);
    assert.equal(reverse.next(reverse.end, grain, 1), reverse.end);
  }
});

test("the chain rule is said in words", async () => {
  const { reverse, graph, truth } = await reversed("expression"); // y = tanh(c − a/b) + a, c = a·b
  const { end } = reverse;
  assert.equal(reverse.words(0, 0), "∂y/∂y = 1: the reverse pass starts here");
  assert.equal(reverse.words(end, end), "both passes are done: press ▶ to watch them");
  const all = steps(reverse);
  const said = (t) => {
    reverse.moveTo(t + 1);
    return reverse.words(t, t + 1);
  };
  const first = all.findIndex(({ x }) => x === labelled(truth, "a"));
  assert.equal(said(first), "∂y/∂a += ∂y/∂y · ∂y/∂a = 1 · 1 = 1; 1 of 3, now 1");
  const product = all.findIndex(({ x, y }) => x === labelled(truth, "b") && y === labelled(truth, "c"));
  assert.match(said(product), /^∂y\/∂b \+= ∂y\/∂c · ∂c\/∂b = \S+ · 2 = \S+; \d of 2, now \S+; ∂c\/∂b = a$/);
  const other = all.findIndex(({ x, y }) => x === labelled(truth, "a") && y === labelled(truth, "c"));
  assert.match(said(other), /· \(−3\) = /);
  const stage = graph.stages[0].title;
  assert.equal(reverse.words(0, end - 1).split(":")[0], `${stage}, what is shared`);
});

test("what a layer or a channel sends is counted, with who receives it", async () => {
  const { reverse, graph } = await reversed("cnn");
  const { start, end } = graph.stages[0];
  const [from, to] = [reverse.start[start], reverse.start[end]];
  assert.equal(reverse.words(from, to), `conv1: ${to - from} contributions to conv1.weight, x, conv1.bias`);
  const channel = reverse.next(from, "channel", 1);
  assert.equal(reverse.words(from, channel).split(":")[0], "conv1, channel 0");
  const head = graph.stages.find((s) => s.title === "head");
  const entry = reverse.next(reverse.start[head.start], "channel", 1);
  assert.equal(reverse.words(reverse.start[head.start], entry).split(":")[0], "head, entry 0");
  assert.match(reverse.words(reverse.start[head.start], entry), / to pool1, head\.weight, head\.bias$/);
});

test("the picture of a tensor changes between its first and its last contribution only", async () => {
  const { reverse, graph, truth } = await reversed("cnn");
  for (const tensor of graph.tensors) {
    const of = (t) => {
      reverse.moveTo(t);
      return [reverse.phaseOf(tensor, t), [...reverse.gradientsOf(tensor)]];
    };
    const [phase, final] = of(reverse.end);
    assert.equal(phase, "final");
    for (const [place, n] of tensor.entries.entries()) assert.ok(near(final[place], truth.grad[n]));
    for (let t = 0; t < reverse.end; t += 7) {
      const [now, sums] = of(t);
      if (now === "final") assert.deepEqual(sums, final);
      if (now === "none") assert.ok(sums.every((x) => x === 0));
    }
  }
  const weight = graph.tensors.find((t) => t.name === "head.weight");
  assert.equal(reverse.phaseOf(weight, 0), "none");
  const head = graph.stages.find((s) => s.title === "head");
  assert.equal(reverse.phaseOf(weight, reverse.start[head.end]), "final");
  assert.equal(reverse.phaseOf(weight, reverse.start[head.end] - 1), String(reverse.start[head.end] - 1));
});

test("clamping and searching", () => {
  assert.deepEqual([clamp(5, 0, 3), clamp(-1, 0, 3), clamp(2, 0, 3)], [3, 0, 2]);
  assert.deepEqual(
    [0, 1, 2, 5, 9].map((x) => upper([1, 2, 2, 5], x)),
    [0, 1, 3, 4, 4],
  );
});
