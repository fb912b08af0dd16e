import assert from "node:assert/strict";
import { test } from "node:test";
import { around, FEW, MORE } from "engine/around";
import { find } from "engine/names";
import { labelled, loaded } from "./browser.mjs";

const named = (truth, nodes) => nodes.map((n) => truth.labels[n] || truth.ops[n]);
const node = (graph, text) => find(graph, text).node;
const size = (graph, n) => Math.abs(graph.original[n]);

test("steps up are what a node is made of, steps down what reads it", async () => {
  const { graph, truth } = await loaded("expression"); // y = tanh(c − a / b) + a, c = a · b
  const c = labelled(truth, "c");
  const one = around(graph, c, 1, []);
  assert.deepEqual(named(truth, one.nodes).sort(), ["a", "b", "c", "sub"]);
  const two = around(graph, c, 2, []);
  assert.deepEqual(named(truth, two.nodes).sort(), ["a", "b", "c", "sub", "tanh"]);
  assert.equal(around(graph, c, 3, []).nodes.length, 6, "a / b is reached only down and up again");
});

test("what is not shown is counted, and one more step is shown where it is asked for", async () => {
  const { graph, truth } = await loaded("expression");
  const [c, sub, a] = [labelled(truth, "c"), truth.ops.indexOf("sub"), labelled(truth, "a")];
  const { above, below } = around(graph, c, 1, []);
  assert.deepEqual([...above], [[sub, 1]]);
  assert.equal(below.get(a), 2, "a / b and the last sum read it too");
  assert.equal(below.get(sub), 1);
  const up = around(graph, c, 1, [`u${sub}`]);
  assert.ok(named(truth, up.nodes).includes("div"));
  assert.deepEqual([...up.above], [], "what the division is made of is shown already");
  const down = around(graph, c, 1, [`d${a}`]);
  assert.equal(down.below.get(a), undefined);
});

test("arrows are all readings between what is shown, with slots and positions", async () => {
  for (const [name, centre] of [
    ["expression", "y"],
    ["cnn", "pool1[1,0,1]"],
    ["cnn", "conv1.weight[0,0,1,2]"],
  ]) {
    const { graph } = await loaded(name);
    const { nodes, arrows } = around(graph, node(graph, centre), 2, []);
    const shown = new Set(nodes);
    for (const { from, to, slot, k, folded } of arrows) {
      assert.equal(to, `n${graph.slotReader[slot]}`);
      if (folded) assert.equal(from, `b${graph.operands[slot]}`);
      else assert.equal(from, `n${graph.entriesOf(graph.operands[slot])[k]}`);
    }
    for (const n of nodes)
      graph.eachUse(n, (slot, k) => {
        const drawn = arrows.some((a) => a.slot === slot && a.k === k && a.from === `n${n}`);
        assert.equal(drawn, shown.has(graph.slotReader[slot]), `${name}: ${n}`);
      });
  }
});

test("a long operand is folded; asked for, its largest entries are shown and the rest is counted", async () => {
  const { graph } = await loaded("cnn");
  const [dot] = graph.operandsOf(node(graph, "head[1]"));
  const [w, x] = graph.operandsOf(dot);
  const shut = around(graph, dot, 1, []);
  assert.deepEqual(shut.folded.sort(), [w, x].sort());
  assert.equal(shut.arrows.filter((a) => a.folded).length, 2);
  const open = around(graph, node(graph, "conv1[0,0,0]"), 2, []);
  const kernel = open.folded[0];
  const entries = [...graph.entriesOf(kernel)];
  assert.equal(entries.length, 9);
  const all = around(graph, node(graph, "conv1[0,0,0]"), 2, [`b${kernel}`]);
  assert.ok(entries.every((n) => all.nodes.includes(n)));
  assert.ok(!all.folded.includes(kernel));
});

test("of many readers those with the largest gradients are shown, and more when asked", async () => {
  const { graph } = await loaded("cnn");
  const weight = node(graph, "conv1.weight[1,0,1,1]");
  const readers = graph.readersOf(weight);
  const few = around(graph, weight, 1, []);
  assert.equal(few.nodes.length, 1 + FEW);
  assert.equal(few.below.get(weight), readers.length - FEW);
  const gradient = (n) => Math.abs(graph.originalAdjoint[n]);
  const least = Math.min(...few.nodes.filter((n) => n !== weight).map(gradient));
  const hidden = readers.filter((n) => !few.nodes.includes(n));
  assert.ok(hidden.every((n) => gradient(n) <= least));
  const more = around(graph, weight, 1, [`d${weight}`]);
  assert.equal(more.nodes.length, 1 + Math.min(readers.length, FEW + MORE));
});

test("a chain of additions is one sum, and its largest terms are shown", async () => {
  const { graph } = await loaded("neurons");
  const [sum] = graph.operandsOf(node(graph, "neurons2[1,2]"));
  const { nodes, arrows, above } = around(graph, sum, 1, []);
  const terms = nodes.filter((n) => arrows.some((a) => a.from === `n${n}` && a.to === `n${sum}`));
  assert.equal(terms.length, 5, "four products and the bias");
  assert.ok(terms.every((n) => graph.isLeaf(n) || graph.operation(n).name === "mul"));
  const total = terms.reduce((all, n) => all + graph.original[n], 0);
  assert.ok(Math.abs(total - graph.original[sum]) < 1e-12);
  assert.equal(above.get(sum), undefined);
  const loss = graph.roots[0];
  const long = around(graph, loss, 3, []);
  const largest = [...long.above].find(([n, hidden]) => hidden > FEW && graph.operation(n).name === "add");
  const shown = long.arrows.filter((a) => a.to === `n${largest[0]}`).map((a) => Number(a.from.slice(1)));
  assert.equal(shown.length, FEW);
  assert.ok(shown.every((n) => size(graph, n) > 0));
});

test("an addition in the middle of a chain can be looked at too", async () => {
  const { graph } = await loaded("neurons");
  const [sum] = graph.operandsOf(node(graph, "neurons2[1,2]"));
  const inner = [...graph.operandsOf(sum)].find((n) => !graph.isLeaf(n) && graph.operation(n).name === "add");
  const { nodes, arrows } = around(graph, inner, 1, []);
  assert.ok(nodes.includes(sum));
  assert.ok(arrows.some((a) => a.from === `n${inner}` && a.to === `n${sum}`));
});

test("a neighbourhood is never so large that nobody could read it", async () => {
  const { graph } = await loaded("cnn");
  const tokens = Array.from({ length: graph.size }, (_, n) => [`u${n}`, `d${n}`]).flat();
  assert.ok(around(graph, graph.roots[0], 6, tokens).nodes.length <= 100);
});
