import assert from "node:assert/strict";
import { test } from "node:test";
import { ReversePass } from "engine/reversepass";
import { loaded, near, oracle } from "./browser.mjs";

/** Every node's {sum, made, all} at a time, counted from all contributions before it. */
function counted(graph, steps, t) {
  const found = Array.from({ length: graph.size }, () => ({ sum: 0, made: 0, all: 0 }));
  for (const root of graph.roots) found[root].sum = 1;
  steps.forEach(({ x, contribution }, at) => {
    found[x].all++;
    if (at >= t) return;
    found[x].sum += contribution;
    found[x].made++;
  });
  return found;
}

function agrees(graph, reverse, steps, t) {
  counted(graph, steps, t).forEach(({ sum, made, all }, n) => {
    const found = reverse.sumOf(n);
    assert.deepEqual([found.made, found.all], [made, all], `node ${n} at ${t}`);
    assert.ok(near(found.sum, sum), `node ${n} at ${t}: ${found.sum}, not ${sum}`);
  });
}

for (const name of Object.keys(oracle.graphs))
  test(`sums of ${name} are those of the contributions before, wherever one comes from`, async () => {
    const { graph } = await loaded(name);
    const reverse = new ReversePass(graph);
    const { end } = reverse;
    const steps = Array.from({ length: end }, (_, t) => reverse.stepAt(t + 1));
    agrees(graph, reverse, steps, end);
    const times = [end, end - 1, end, 0, 1, 2, 1, 0, Math.floor(end / 2), Math.floor(end / 3), end];
    for (let k = 0; k < 20; k++) times.push((k * 7919) % (end + 1));
    for (const t of times) {
      reverse.moveTo(t);
      agrees(graph, reverse, steps, t);
    }
  });

/** x·1, x·2, ... added up: more steps than are recounted node by node. */
function long(n) {
  const graph = {
    size: 2,
    roots: [1],
    adjoint: Float64Array.of(n, 1),
    operands: new Int32Array(n),
    stages: [],
    sequence: Int32Array.of(1),
    firstSlot: Int32Array.of(0, 0, n),
    slotReader: new Int32Array(n).fill(1),
    width: () => 1,
    entriesOf: (x) => [x],
    partial: () => 1,
    partialsOf: () => -1,
    stageOf: [-1, 0],
    channel: [0, 0],
    tensors: [],
    uses: () => Int32Array.of(n, 0),
    eachUse: (_, visit) => {
      for (let s = 0; s < n; s++) visit(s, 0);
    },
  };
  return new ReversePass(graph);
}

test("going far back makes the sums anew", () => {
  const reverse = long(9000);
  reverse.moveTo(8000);
  assert.deepEqual(reverse.sumOf(0), { sum: 8000, made: 8000, all: 9000 });
  reverse.moveTo(5500); // more than 2,000 steps back, and nearer to 8,000 than to 0
  assert.deepEqual(reverse.sumOf(0), { sum: 5500, made: 5500, all: 9000 });
  reverse.moveTo(5499);
  assert.deepEqual(reverse.sumOf(0), { sum: 5499, made: 5499, all: 9000 });
  reverse.moveTo(10);
  assert.deepEqual(reverse.sumOf(0), { sum: 10, made: 10, all: 9000 });
});

test("a node that nothing has reached is 0, and the root is 1", () => {
  const reverse = long(3);
  reverse.moveTo(0);
  assert.deepEqual([reverse.sumOf(0).sum, reverse.sumOf(1).sum], [0, 1]);
});
