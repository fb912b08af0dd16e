import assert from "node:assert/strict";
import { test } from "node:test";
import { loaded, oracle } from "./browser.mjs";

/** Equal up to rounding of the terms; nan is nan, and inf is inf. */
function same(a, b, terms = 0) {
  if (Object.is(a, b) || a === b) return true;
  return Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b), terms);
}

/** Σ|upstream·partial| of each node: the size of what its gradient is added up of. */
function sizes(graph, truth) {
  const found = new Float64Array(graph.size);
  for (const [y, , x, partial] of truth.reads) if (partial) found[x] += Math.abs(truth.grad[y] * partial);
  return found;
}

for (const name of [...Object.keys(oracle.graphs), ...Object.keys(oracle.runs)])
  test(`the network of ${name} runs forward and in reverse as Python does`, async () => {
    const { graph, truth } = await loaded(name);
    const { numbers } = graph;
    for (let n = 0; n < graph.size; n++) if (!graph.isLeaf(n)) numbers.data[n] = Number.NaN;
    numbers.adjoint.fill(Number.NaN);
    numbers.bundled.fill(Number.NaN);
    numbers.run();
    const terms = sizes(graph, truth);
    truth.data.forEach((x, n) => {
      assert.ok(same(numbers.data[n], x), `data of n${n} (${truth.ops[n]}): ${numbers.data[n]}, not ${x}`);
    });
    truth.grad.forEach((x, n) => {
      assert.ok(same(numbers.adjoint[n], x, terms[n]), `gradient of n${n}: ${numbers.adjoint[n]}, not ${x}`);
    });
  });
