import assert from "node:assert/strict";
import { test } from "node:test";
import { entryText, equationOf, isTurned, NOTATIONS, numpyText, reason } from "engine/notation";
import { matrixOf, productsOf, turned } from "engine/products";
import { loaded, near } from "./browser.mjs";

/** The numbers of a·b, by the definition. */
const product = (a, b) =>
  Array.from({ length: a.rows * b.cols }, (_, at) => {
    const [i, j] = [Math.floor(at / b.cols), at % b.cols];
    let sum = 0;
    for (let k = 0; k < a.cols; k++) sum += a.numbers[i * a.cols + k] * b.numbers[k * b.cols + j];
    return sum;
  });

for (const notation of Object.keys(NOTATIONS))
  for (const result of ["Z", "dW", "dX"])
    test(`${result} is the product that the notation ${notation} writes`, async () => {
      const { graph } = await loaded("cnn");
      const app = { graph, live: { version: 0 } };
      const equation = equationOf(notation, result);
      const shown = ({ name, turn }, own) => (isTurned(notation, name) !== turn ? turned(own) : own);
      let seen = 0;
      for (const stage of graph.stages)
        for (const found of productsOf(graph, stage)) {
          const of = (part) => shown(equation[part], matrixOf(app, found, equation[part].name));
          const [left, right, made] = ["left", "right", "result"].map(of);
          assert.deepEqual([left.rows, left.cols, right.cols], [made.rows, right.rows, made.cols]);
          product(left, right).forEach((x, k) => {
            assert.ok(near(x, made.numbers[k]));
          });
          seen++;
        }
      assert.equal(seen, 2, "the convolution and the dense layer");
    });

test("the gradients of the weights are those of the engine", async () => {
  const { graph, truth } = await loaded("cnn");
  for (const stage of graph.stages)
    for (const found of productsOf(graph, stage)) {
      const { rows, cols, node, numbers } = matrixOf({ graph, live: { version: 0 } }, found, "dW");
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < cols; j++) assert.ok(near(numbers[i * cols + j], truth.grad[node(i, j)]));
    }
});

test("an equation says which way its sum runs, and is one of NumPy", () => {
  const dw = equationOf("inputs", "dW");
  assert.equal(numpyText(dw), "dw = x.T @ dz");
  assert.equal(entryText(dw), "dW[k,f] = Σₚ X[p,k]·dZ[p,f]");
  assert.equal(entryText(dw, { k: 3, f: 1 }), "dW[3,1] = Σₚ X[p,3]·dZ[p,1]");
  assert.equal(reason(dw), "down the columns of both, so X is turned");
  assert.equal(reason(equationOf("columns", "dW")), "along the rows of both, so X is turned");
  assert.equal(reason(equationOf("columns", "Z")), "along a row of W and down a column of X");
});
