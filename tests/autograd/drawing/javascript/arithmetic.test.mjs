import assert from "node:assert/strict";
import { test } from "node:test";
import { full, short } from "engine/numbers";
import { arithmetic, chip, equation } from "parts/arithmetic";
import { labelled, loaded } from "./browser.mjs";

async function app(name) {
  const { graph, truth } = await loaded(name);
  const selected = [];
  return { graph, truth, selected, state: { select: (found) => selected.push(found) } };
}

test("a chip says a name and its number, and opens its node", async () => {
  const page = await app("expression");
  const a = labelled(page.truth, "a");
  const found = chip(page, a);
  assert.equal(found.textContent, "a2");
  assert.equal(found.attributes.title, "a = 2");
  found.listeners.click();
  assert.deepEqual(page.selected, [{ node: a }]);
});

test("a constant is its number alone, a nameless operation its sign and number", async () => {
  const page = await app("choices");
  const three = page.truth.data.findIndex((x, n) => x === 3 && !page.truth.labels[n] && !page.truth.ops[n]);
  assert.equal(chip(page, three).textContent, "3");
  const max = page.truth.ops.indexOf("max");
  assert.equal(chip(page, max).textContent, `max n${max}2`);
  page.graph.header.texts[three] = "3/1"; // numbers that a double cannot hold
  assert.equal(chip(page, three).textContent, "3/1");
});

test("an operation of two is written between them, one of one before it", async () => {
  const { graph, truth, ...page } = await app("expression");
  const of = (op) => equation({ graph, ...page }, truth.ops.indexOf(op));
  const c = equation({ graph, ...page }, labelled(truth, "c"));
  assert.equal(c.textContent, "c−6=a2×b−3");
  assert.equal(c.attributes["data-node"], String(labelled(truth, "c")));
  const inner = graph.operandsOf(truth.ops.indexOf("tanh"))[0];
  assert.match(of("tanh").textContent, new RegExp(`=tanh− n${inner}${short(truth.data[inner])}$`));
});

test("a dot is window × kernel = products, and they add up to it", async () => {
  const { graph, truth, ...page } = await app("cnn");
  const [dot] = graph.operandsOf(labelled(truth, "conv1[1,2,0]"));
  const found = equation({ graph, ...page }, dot);
  const grids = found.all("grid");
  assert.deepEqual(
    grids.map((g) => g.attributes["data-grid"]),
    ["conv1.weight, 9", "x, 9", "products"],
  );
  assert.deepEqual(
    found.all("sign").map((s) => s.textContent),
    ["=", "Σ", "×", "= Σ"],
  );
  const cells = grids.map((g) => g.all("cells")[0].children[0].children.map((row) => row.children));
  assert.deepEqual(
    cells.map((rows) => rows.map((row) => row.length)),
    [
      [3, 3, 3],
      [3, 3, 3],
      [3, 3, 3],
    ],
  );
  const numbers = cells.map((rows) => rows.flat().map((cell) => Number(cell.textContent.replace("−", "-"))));
  const total = numbers[2].reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(total - truth.data[dot]) < 0.02);
  for (const [k, p] of numbers[2].entries()) assert.ok(Math.abs(p - numbers[0][k] * numbers[1][k]) < 0.005);
  const weight = labelled(truth, "conv1.weight[1,0,2,1]");
  assert.equal(numbers[0][7], Number(truth.data[weight].toPrecision(3)));
});

test("the entry that a max chose is marked, and opens its node by click and by key", async () => {
  const page = await app("choices");
  const max = page.truth.ops.indexOf("max");
  const found = equation(page, max);
  assert.deepEqual(
    found.all("marked").map((cell) => cell.textContent),
    ["2"],
  );
  const [, second] = found.all("link");
  assert.equal(second.attributes.title, "x[1]");
  second.listeners.click();
  second.listeners.keydown({ key: "a" });
  second.listeners.keydown({ key: "Enter" });
  const x = labelled(page.truth, "x[1]");
  assert.deepEqual(page.selected, [{ node: x }, { node: x }]);
  assert.deepEqual(equation(page, page.truth.ops.indexOf("sum")).all("marked"), []);
});

test("the arithmetic of a node is that of its own layer, in order", async () => {
  const { graph, truth, ...page } = await app("cnn");
  const pixel = labelled(truth, "conv1[0,0,0]");
  const lines = arithmetic({ graph, ...page }, pixel).map((line) => Number(line.attributes["data-node"]));
  assert.deepEqual(lines, [graph.operandsOf(pixel)[0], pixel]);
  const loss = arithmetic({ graph, ...page }, graph.roots[0]).map((line) =>
    Number(line.attributes["data-node"]),
  );
  assert.deepEqual(
    loss,
    loss.toSorted((a, b) => a - b),
  );
  assert.equal(loss.at(-1), graph.roots[0]);
  assert.ok(loss.every((n) => graph.stageOf[n] === graph.stageOf[graph.roots[0]]));
  assert.ok(loss.length > 5);
  assert.equal(full(truth.data[pixel]), String(truth.data[pixel]));
});
