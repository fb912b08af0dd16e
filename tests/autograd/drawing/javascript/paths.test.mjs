import assert from "node:assert/strict";
import { test } from "node:test";
import { prepare, strongest } from "engine/paths";
import { labelled, loaded, near } from "./browser.mjs";

for (const name of ["expression", "choices", "twice"])
  test(`the strongest paths of ${name} are those of a search of all`, async () => {
    const { graph, truth } = await loaded(name);
    for (let n = 0; n < graph.size; n++) {
      const found = strongest(graph, n, 5);
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
  for (const text of ["conv1.weight[1,0,2,2]", "head.weight[2,5]"]) {
    const n = labelled(truth, text);
    const found = strongest(graph, n, 1000);
    assert.ok(found.length < 1000);
    assert.ok(
      near(
        found.reduce((sum, { product }) => sum + product, 0),
        truth.grad[n],
      ),
      text,
    );
    const sizes = found.map(({ product }) => Math.abs(product));
    assert.deepEqual(
      sizes,
      sizes.toSorted((a, b) => b - a),
    );
  }
});

test("paths are no more than what was asked for, and none where nothing flows", async () => {
  const { graph, truth } = await loaded("choices");
  assert.equal(strongest(graph, labelled(truth, "x[1]"), 1).length, 1);
  assert.deepEqual(strongest(graph, labelled(truth, "off"), 5), []);
});

test("of 200 parallel paths the strongest come first, whatever order they are met in", () => {
  const weights = Float64Array.from({ length: 200 }, (_, k) => ((k * 7919) % 211) / 100 - 1);
  const graph = {
    size: 2,
    roots: [1],
    sequence: [1],
    firstSlot: [0, 0, 200],
    slotReader: new Int32Array(200).fill(1),
    operands: new Int32Array(200),
    entriesOf: (x) => [x],
    partial: (slot) => weights[slot],
    eachUse: (n, visit) => {
      for (let slot = 0; slot < (n ? 0 : 200); slot++) visit(slot, 0);
    },
  };
  const found = strongest(graph, 0, 150).map(({ product }) => Math.abs(product));
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
