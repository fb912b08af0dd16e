import assert from "node:assert/strict";
import { test } from "node:test";
import { Timeline } from "engine/timeline";
import { labelled, loaded, near, oracle } from "./browser.mjs";

async function opened(name) {
  const { graph, truth } = await loaded(name);
  const timeline = new Timeline(graph);
  return { graph, truth, timeline, forward: timeline.forward };
}

/** All times at a grain, from nothing to the last gradient. */
function times(timeline, grain) {
  const found = [timeline.start];
  while (found.at(-1) < timeline.end) found.push(timeline.next(found.at(-1), grain, 1));
  return found;
}

for (const name of Object.keys(oracle.graphs))
  test(`forward through ${name}, every operation is done once, after all that it reads`, async () => {
    const { truth, forward } = await opened(name);
    const done = new Set(truth.ops.flatMap((op, n) => (op ? [] : [n])));
    assert.equal(forward.end, truth.ops.filter(Boolean).length);
    for (let k = 1; k <= forward.end; k++) {
      const { y, reads } = forward.stepAt(k);
      for (const x of reads) assert.ok(done.has(x), `${y} reads ${x}`);
      const true_ = truth.reads.filter(([reader]) => reader === y).map(([, , x]) => x);
      assert.deepEqual(reads.toSorted(), true_.toSorted());
      assert.ok(!done.has(y));
      done.add(y);
    }
  });

test("a kernel slides over the image: dot and bias of one entry after the other", async () => {
  const { graph, truth, forward } = await opened("cnn");
  for (let place = 0; place < 48; place++) {
    const entry = labelled(
      truth,
      `conv1[${Math.floor(place / 16)},${Math.floor(place / 4) % 4},${place % 4}]`,
    );
    const [dot, sum] = [forward.stepAt(2 * place + 1).y, forward.stepAt(2 * place + 2).y];
    assert.deepEqual([truth.ops[dot], truth.ops[sum], sum], ["dot", "add", entry]);
    assert.equal(graph.ownerOf(dot), entry);
  }
});

test("steps go through layers and channels in order, there and back, and meet at the result", async () => {
  const { graph, timeline, forward } = await opened("cnn");
  const { start, end } = timeline;
  const layers = times(timeline, "layer");
  const n = graph.stages.length;
  assert.equal(layers.length, 2 * n + 1);
  assert.equal(layers[n], 0);
  const titles = layers.map((t) => graph.stages[timeline.stageAt(t)].title);
  assert.deepEqual(
    titles.slice(1, n + 1),
    graph.stages.map((s) => s.title),
  );
  assert.deepEqual(titles.slice(n + 1), graph.stages.map((s) => s.title).reverse());
  const channels = times(timeline, "channel").filter((t) => t < 0);
  const conv1 = channels.slice(1).filter((t) => timeline.stageAt(t) === 0);
  assert.deepEqual(
    conv1.map((t) => graph.channel[timeline.stepAt(t).y]),
    [0, 1, 2],
  );
  assert.equal(times(timeline, "scalar").length, end - start + 1);
  assert.equal(0 - start, forward.end);
  for (const grain of ["layer", "channel", "scalar"]) {
    const all = times(timeline, grain);
    all.slice(1).forEach((t, k) => {
      assert.equal(timeline.next(t, grain, -1), all[k], `${grain} ${t}`);
    });
    assert.equal(timeline.next(start, grain, -1), start);
    assert.equal(timeline.next(end, grain, 1), end);
  }
});

test("what is not made yet waits", async () => {
  const { graph, timeline, forward } = await opened("cnn");
  for (const t of times(timeline, "scalar").filter((t, k) => t <= 0 && k % 5 === 0)) {
    timeline.moveTo(t);
    const done = new Set(forward.order.subarray(0, t - timeline.start));
    for (let n = 0; n < graph.size; n++) assert.equal(graph.isWaiting(n), !graph.isLeaf(n) && !done.has(n));
    for (const tensor of graph.tensors) {
      const waiting = forward.waitingOf(tensor) ?? new Uint8Array(tensor.entries.length);
      tensor.entries.forEach((n, place) => {
        assert.equal(Boolean(waiting[place]), n >= 0 && graph.isWaiting(n));
      });
      if (forward.phaseOf(tensor) === "none") assert.ok(waiting.every(Boolean));
    }
  }
  timeline.moveTo(timeline.end);
  assert.ok(!graph.isWaiting(graph.roots[0]));
});

test("how much of a layer is done grows from 0 to 1, forward and again in reverse", async () => {
  const { graph, timeline } = await opened("cnn");
  const share = (stage, t) => {
    timeline.moveTo(t);
    return timeline.shareOf(stage, t);
  };
  for (const stage of graph.stages) {
    const forward = times(timeline, "channel").filter((t) => t < 0);
    const shares = forward.map((t) => share(stage, t));
    assert.equal(shares[0], 0);
    if (stage !== graph.stages.at(-1)) assert.equal(shares.at(-1), 1);
    assert.deepEqual(
      shares,
      shares.toSorted((a, b) => a - b),
    );
    assert.deepEqual([share(stage, 0), share(stage, timeline.end)], [0, 1]);
  }
});

test("operations are said in words, with the numbers that they are made of", async () => {
  const { truth, timeline } = await opened("expression"); // y = tanh(c − a/b) + a, c = a·b
  const said = times(timeline, "scalar")
    .filter((t) => t < 0)
    .map((t) => timeline.words(t - 1, t));
  assert.match(said[0], /^the forward pass starts here/);
  assert.ok(said.includes("c = a × b = 2 × (−3) = −6"), said.join("\n"));
  assert.ok(
    said.some((line) => /^n\d+ = tanh\(n\d+\) = tanh\(−5\.333\) = /.test(line)),
    said.join("\n"),
  );
  const y = truth.data[labelled(truth, "y")];
  timeline.moveTo(0);
  const [result, start] = timeline.words(-1, 0).split("; ");
  assert.ok(near(Number(result.split(" = ")[1].replace("−", "-")), Number(y.toPrecision(4))));
  assert.equal(start, "∂y/∂y = 1: the reverse pass starts here");
});

test("a dot is said as a sum of products, a channel by what was done", async () => {
  const { graph, truth, timeline, forward } = await opened("cnn");
  const { start } = timeline;
  const dot = /^conv1\[0,0,0\]\.dot = Σ (\S+)·(\S+) \+ (\S+)·(\S+) \+ (\S+)·(\S+) \+ … = (\S+)$/;
  const numbers = dot
    .exec(timeline.words(start, start + 1))
    .slice(1)
    .map((text) => Number(text.replaceAll(/[()]/g, "").replace("−", "-")));
  const { y, reads } = forward.stepAt(1);
  const true_ = [0, 1, 2].flatMap((k) => [truth.data[reads[k]], truth.data[reads[k + 9]]]);
  [...true_, truth.data[y]].forEach((x, k) => {
    assert.ok(Math.abs(x - numbers[k]) <= 1e-3 * Math.abs(x));
  });
  const add = /^conv1\[0,0,0\] = conv1\[0,0,0\]\.dot \+ conv1\.bias\[0\] = (\S+) \+ (\S+) = (\S+)$/;
  assert.match(timeline.words(start + 1, start + 2), add);
  const channel = timeline.next(start, "channel", 1);
  assert.equal(timeline.words(start, channel), "conv1, channel 0: 32 operations: 16 dot, 16 add");
  const layer = timeline.next(start, "layer", 1);
  assert.equal(timeline.words(start, layer), "conv1: 96 operations: 48 dot, 48 add");
  const pooled = labelled(truth, "pool1[0,0,0]");
  const at = forward.position[pooled] + 1;
  assert.match(forward.words(at - 1, at), /^pool1\[0,0,0\] = max/);
  const head = graph.stages.findIndex((s) => s.title === "head");
  const [from] = forward.marks("layer").subarray(head);
  assert.match(
    forward.words(from, forward.next(from, "channel", 1)),
    /^head, entry 0: 2 operations: 1 dot, 1 add$/,
  );
});

test("a time is written so that people can read it, and read again", async () => {
  const { timeline } = await opened("cnn");
  const { start, end } = timeline;
  for (const t of [start, start + 3, -1, 0, 7, end]) assert.equal(timeline.read(timeline.write(t)), t);
  assert.deepEqual([timeline.write(start + 3), timeline.write(7)], ["forward-3", "reverse-7"]);
  assert.equal(timeline.read("12"), 12, "as links of before wrote it");
  assert.deepEqual([timeline.read("forward-999999"), timeline.read("reverse-999999")], [0, end]);
  for (const text of [null, "", "sideways-3", "-4", "forward"]) assert.equal(timeline.read(text), end);
  assert.equal(timeline.clock(start + 3), `forward 3 of ${0 - start}`);
});

test("a graph of leaves alone has no steps", async () => {
  const { graph, timeline } = await opened("expression");
  const leaf = new Timeline(
    Object.assign(Object.create(graph), { sequence: new Int32Array(0), stages: [], size: graph.size }),
  );
  assert.ok(Object.is(leaf.start, 0));
  assert.deepEqual([leaf.end, leaf.next(0, "scalar", 1), leaf.next(0, "scalar", -1)], [0, 0, 0]);
  assert.match(leaf.words(0, 0), /nothing to go back through/);
  assert.equal(timeline.stepAt(0), null);
});
