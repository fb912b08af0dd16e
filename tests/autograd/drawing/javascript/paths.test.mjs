import assert from "node:assert/strict";
import { test } from "node:test";
import { carried, prepare, strongest } from "engine/paths";
import { labelled, loaded, near } from "./browser.mjs";

for (const name of ["expression", "choices", "twice"])
  test(`the strongest paths of ${name} are those of a search of all`, async () => {
    const { graph, truth } = await loaded(name);
    for (let n = 0; n < graph.size; n++) {
      const found = strongest(graph, n, 5).paths;
      assert.equal(found.length, truth.strengths[n].length, `node ${n}`);
      found.forEach(({ nodes, product }, k) => {
        assert.ok(near(Math.abs(product), truth.strengths[n][k]));
        assert.deepEqual([nodes[0], nodes.at(-1)], [n, graph.roots[0]]);
        const pairs = nodes.slice(1).map((y, i) => [y, nodes[i]]);
        for (const [y, x] of pairs) assert.ok(truth.reads.some(([b, , a]) => b === y && a === x));
      });
    }
  });

test("all paths from a weight of a CNN carry its whole gradient", async () => {
  const { graph, truth } = await loaded("cnn");
  for (const text of ["conv1.weight[0,0,1,1]", "conv1.weight[1,0,2,2]", "head.weight[2,5]"]) {
    const n = labelled(truth, text);
    const { paths, count, size } = strongest(graph, n, 1000);
    assert.ok(paths.length <= count, "a product of 0 is no path that is shown");
    const sizes = paths.map(({ product }) => Math.abs(product));
    const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
    assert.ok(near(sum(paths.map(({ product }) => product)), truth.grad[n]), text);
    assert.ok(near(sum(sizes), size));
    assert.deepEqual(
      sizes,
      sizes.toSorted((a, b) => b - a),
    );
  }
});

test("of a CNN's weight they end at the scores, times the gradients of the scores", async () => {
  const { graph, truth } = await loaded("cnn");
  const scores = [0, 1, 2, 3].map((k) => labelled(truth, `head[${k}]`));
  assert.deepEqual(
    graph.header.scores,
    scores.toSorted((a, b) => a - b),
  );
  const n = labelled(truth, "head.weight[2,5]");
  const { paths } = strongest(graph, n, 5); // its dot, the sum with the bias: one path
  assert.deepEqual([paths.length, paths[0].nodes.at(-1)], [1, scores[2]]);
  assert.ok(near(paths[0].product, truth.grad[n]));
  assert.ok(strongest(graph, scores[0], 5).paths.every(({ nodes }) => nodes.at(-1) === graph.roots[0]));
});

test("what they carry is said as drawings say it", async () => {
  const { graph, truth } = await loaded("cnn");
  for (const [text, most, note] of truth.carried) {
    const n = labelled(truth, text);
    assert.equal(carried(graph, n, strongest(graph, n, most)), note);
  }
  assert.ok(truth.carried.some(([, , note]) => note.includes("by size these are")));
  assert.ok(truth.carried.some(([, , note]) => note.endsWith("%")));
});

test("paths are no more than what was asked for, and none where nothing flows", async () => {
  const { graph, truth } = await loaded("choices");
  assert.equal(strongest(graph, labelled(truth, "x[1]"), 1).paths.length, 1);
  assert.deepEqual(strongest(graph, labelled(truth, "off"), 5).paths, []);
});

test("of 200 parallel paths the strongest come first, whatever order they are met in", () => {
  const weights = Float64Array.from({ length: 200 }, (_, k) => ((k * 7919) % 211) / 100 - 1);
  const graph = {
    header: { scores: [] },
    size: 2,
    roots: [1],
    sequence: [1],
    firstSlot: [0, 0, 200],
    slotReader: new Int32Array(200).fill(1),
    operands: new Int32Array(200),
    entriesOf: (x) => [x],
    data: [],
    partialsOf: () => -1,
    partial: (slot) => weights[slot],
    eachUse: (n, visit) => {
      for (let slot = 0; slot < (n ? 0 : 200); slot++) visit(slot, 0);
    },
  };
  const found = strongest(graph, 0, 150).paths.map(({ product }) => Math.abs(product));
  assert.deepEqual(
    found,
    Array.from(weights, Math.abs)
      .toSorted((a, b) => b - a)
      .slice(0, 150),
  );
});

test("what the first click needs is prepared before", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { graph } = await loaded("expression");
  prepare(graph);
  assert.equal(graph.useCounts, undefined);
  t.mock.timers.tick(100);
  assert.equal(graph.useCounts.length, graph.size);
  assert.equal(graph.reach.at, graph.sequence.length);
});
