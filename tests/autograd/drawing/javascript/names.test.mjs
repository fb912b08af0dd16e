import assert from "node:assert/strict";
import { test } from "node:test";
import {
  address,
  find,
  isInfix,
  label,
  nameOf,
  rootName,
  sequenceName,
  signOf,
  termOf,
  under,
} from "engine/names";
import { labelled, loaded, oracle } from "./browser.mjs";

test("an address is read off a place in row-major order", () => {
  assert.deepEqual(address([2, 3, 4], 23), [1, 2, 3]);
  assert.deepEqual(address([2, 3, 4], 4), [0, 1, 0]);
  assert.deepEqual(address([], 0), []);
});

for (const name of ["cnn", "expression", "choices"])
  test(`every node of ${name} that has a label in Python has it here`, async () => {
    const { graph, truth } = await loaded(name);
    truth.labels.forEach((text, n) => {
      assert.equal(label(graph, n), text);
    });
  });

test("nodes without a label are called by what they work for, the root, or their number", async () => {
  const { graph, truth } = await loaded("cnn");
  const pixel = labelled(truth, "conv1[0,1,2]");
  assert.equal(nameOf(graph, graph.operandsOf(pixel)[0]), "conv1[0,1,2].dot");
  assert.equal(nameOf(graph, graph.roots[0]), "loss");
  const small = await loaded("choices");
  const max = small.truth.ops.indexOf("max");
  assert.equal(nameOf(small.graph, max), `n${max}`);
});

test("names are found again, whole or by address", async () => {
  const { graph, truth } = await loaded("cnn");
  for (const text of ["conv1[2,0,3]", "conv1.weight[1,0,2,2]", " head[3] "])
    assert.deepEqual(find(graph, text), { node: labelled(truth, text.trim()) });
  assert.deepEqual(find(graph, "head[-1]"), { node: labelled(truth, "head[3]") });
  assert.deepEqual(find(graph, "conv1 [1]"), { node: labelled(truth, "conv1[1,0,0]") });
  assert.deepEqual(find(graph, "relu1"), { stage: 1 });
  assert.deepEqual(find(graph, "conv1.weight"), { stage: 0 });
  assert.deepEqual(find(graph, "loss"), { node: graph.roots[0] });
  assert.deepEqual(find(graph, "n7"), { node: 7 });
  const small = await loaded("expression");
  assert.deepEqual(find(small.graph, "c"), { node: labelled(small.truth, "c") });
});

test("what is not there is said, with what is near", async () => {
  const { graph } = await loaded("cnn");
  assert.equal(
    find(graph, "CONV").error,
    "nothing here is called CONV; there is conv1, conv1.weight, conv1.bias",
  );
  assert.equal(find(graph, "conv1[3,0,0]").error, "conv1 has the shape 3×4×4: there is no conv1[3,0,0]");
  assert.equal(find(graph, "conv1[0,-5,0]").error, "conv1 has the shape 3×4×4: there is no conv1[0,-5,0]");
  assert.equal(find(graph, "head[1,1]").error, "head has the shape 4: there is no head[1,1]");
  assert.equal(find(graph, `n${graph.size}`).error, `nothing here is called n${graph.size}`);
  assert.equal(find(graph, "no[1]").error, "nothing here is called no");
});

test("operations are written by their signs, between or before their operands", async () => {
  const { graph, truth } = await loaded("expression");
  const signs = Object.fromEntries(truth.ops.map((op, n) => [op, op && signOf(graph, n)]));
  assert.deepEqual([signs.mul, signs.sub, signs.tanh, signs.add], ["×", "−", "tanh", "+"]);
  const infix = truth.ops.filter((op, n) => op && isInfix(graph, n));
  assert.deepEqual([...new Set(infix)].sort(), ["add", "div", "mul", "sub"]);
});

test("an operand is its name, or the number of a constant", async () => {
  const { graph, truth } = await loaded("choices");
  const three = truth.data.findIndex((x, n) => x === 3 && !truth.labels[n] && !truth.ops[n]);
  assert.equal(termOf(graph, three), "3");
  assert.equal(termOf(graph, labelled(truth, "off")), "off");
  const max = truth.ops.indexOf("max");
  assert.equal(termOf(graph, max), `n${max}`);
});

test("gradients are those of the root's label, of a loss, or of y", async () => {
  assert.equal(rootName((await loaded("cnn")).graph), "loss");
  assert.equal(rootName((await loaded("expression")).graph), "y");
  const { graph } = await loaded("twice");
  assert.equal(rootName(graph), "y");
  graph.header.labels[0] = "y"; // somebody else is called so
  assert.equal(rootName(graph), "root");
  graph.roots.push(0);
  assert.equal(rootName(graph), "Σ outputs");
});

test("names that would be misread stand in brackets after a ∂", () => {
  assert.deepEqual(["loss", "a b", "x/y", "−2", "w[0,1]"].map(under), [
    "∂loss",
    "∂(a b)",
    "∂(x/y)",
    "∂(−2)",
    "∂w[0,1]",
  ]);
});

test("a sequence is called by its tensor, or by how many numbers it has", async () => {
  const { graph, truth } = await loaded("choices");
  const x = ["x[0]", "x[1]", "x[2]"].map((text) => labelled(truth, text));
  assert.equal(sequenceName(graph, x), "x, 3");
  assert.equal(sequenceName(graph, [labelled(truth, "off")]), "1 number");
  assert.ok(oracle.graphs.choices.labels.includes("y"));
});
