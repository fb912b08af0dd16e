import assert from "node:assert/strict";
import { test } from "node:test";
import { prefix } from "engine/indices";
import { labelled, loaded, near, oracle } from "./browser.mjs";

/** [reader, operand, node, partial] of every reading, as the page sees it. */
function reads(graph) {
  const found = [];
  for (let y = 0; y < graph.size; y++)
    for (let k = 0; k < graph.operandsOf(y).length; k++) {
      const slot = graph.firstSlot[y] + k;
      assert.equal(graph.slotReader[slot], y);
      graph.entriesOf(graph.operandsOf(y)[k]).forEach((x, j) => {
        found.push([y, k, x, graph.partial(slot, j)]);
      });
    }
  return found;
}

for (const name of Object.keys(oracle.graphs))
  test(`every partial of ${name} is the table's, and null where nothing flows`, async () => {
    const { graph, truth } = await loaded(name);
    const found = reads(graph);
    assert.equal(found.length, truth.reads.length);
    found.forEach(([y, k, x, partial], i) => {
      const [yTrue, kTrue, xTrue, p] = truth.reads[i];
      assert.deepEqual([y, k, x], [yTrue, kTrue, xTrue]);
      assert.ok(p === null ? partial === null : near(partial, p), `${name}: ${partial}, not ${p}`);
    });
  });

test("uses, readers and visits count every reading", async () => {
  for (const name of ["cnn", "expression", "choices"]) {
    const { graph, truth } = await loaded(name);
    for (let n = 0; n < graph.size; n++) {
      const own = truth.reads.filter(([, , x]) => x === n);
      assert.equal(graph.uses()[n], own.length);
      const readers = [...new Set(own.map(([y]) => y))].sort((a, b) => a - b);
      assert.deepEqual(graph.readersOf(n), readers);
      let visits = 0;
      graph.eachUse(n, (slot, k) => {
        assert.equal(graph.entriesOf(graph.operands[slot])[k], n);
        visits++;
      });
      assert.equal(visits, own.length);
    }
  }
});

test("an operand is one node or a bundle of them", async () => {
  const { graph, truth } = await loaded("choices");
  const max = truth.ops.indexOf("max");
  const [bundle] = graph.operandsOf(max);
  assert.ok(bundle >= graph.size);
  assert.equal(graph.width(bundle), 3);
  assert.equal(graph.width(0), 1);
  assert.deepEqual(
    [...graph.entriesOf(bundle)].map((n) => truth.labels[n]),
    ["x[0]", "x[1]", "x[2]"],
  );
  assert.deepEqual(graph.operation(max), { name: "max", symbol: "max" });
});

test("a max chooses, a sum does not; a ReLU that is off is dead", async () => {
  const { graph, truth } = await loaded("choices");
  const slot = (op) => graph.firstSlot[truth.ops.indexOf(op)];
  assert.ok(graph.chooses(slot("max")));
  assert.ok(!graph.chooses(slot("sum")));
  const dead = truth.ops.flatMap((_, n) => (graph.isDead(n) ? [n] : []));
  assert.deepEqual(dead, [truth.ops.indexOf("relu")]);
  assert.ok(graph.isLeaf(labelled(truth, "off")));
  assert.ok(!graph.isLeaf(dead[0]));
});

test("a dot's partials are the numbers of its other operand", async () => {
  const { graph, truth } = await loaded("cnn");
  const slot = graph.firstSlot[truth.ops.indexOf("dot")];
  assert.deepEqual(
    [graph.partialsOf(slot), graph.partialsOf(slot + 1)],
    [graph.operands[slot + 1], graph.operands[slot]],
  );
  const add = graph.firstSlot[truth.ops.indexOf("add")];
  assert.equal(graph.partialsOf(add), -1);
});

test("entries know their tensors and places, nodes their stages and owners", async () => {
  const { graph, truth } = await loaded("cnn");
  const n = labelled(truth, "conv1[1,2,3]");
  assert.equal(graph.tensors[graph.tensorOf[n]].name, "conv1");
  assert.equal(graph.placeOf[n], 16 + 4 * 2 + 3);
  assert.equal(graph.stages[graph.stageOf[n]].title, "conv1");
  const [dot] = graph.operandsOf(n);
  assert.equal(graph.ownerOf(dot), n);
  assert.equal(graph.ownerOf(n), n);
  const pixel = labelled(truth, "x[0,0,0]");
  assert.deepEqual([graph.ownerOf(pixel), graph.stageOf[pixel]], [pixel, -1]);
  const counts = graph.stages.map(
    (s) => truth.ops.filter((op, k) => op && graph.stageOf[k] === s.index).length,
  );
  assert.deepEqual(
    counts,
    graph.stages.map((s) => s.count),
  );
});

test("a layer that is called twice has two titles, and so have its results", async () => {
  const { graph } = await loaded("twice");
  assert.deepEqual(
    graph.stages.slice(0, 2).map((s) => s.title),
    ["dense", "dense (2)"],
  );
  assert.deepEqual(
    graph.stages.slice(0, 2).map((s) => graph.tensors[s.outputs[0]].name),
    ["dense", "dense (2)"],
  );
});

test("small graphs can be drawn node by node, and layered ones by layers", async () => {
  const of = async (name) => {
    const { graph } = await loaded(name);
    return [graph.isSmall, graph.isLayered];
  };
  assert.deepEqual(await of("expression"), [true, false]);
  assert.deepEqual(await of("cnn"), [true, true]);
  const { graph } = await loaded("expression");
  graph.size = 301;
  assert.ok(!graph.isSmall);
});

test("sums of what came before", () => {
  assert.deepEqual([...prefix([2, 0, 3])], [0, 2, 2, 5]);
});
