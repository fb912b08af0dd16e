import assert from "node:assert/strict";
import { test } from "node:test";
import { shapeText } from "engine/names";
import { count, factor, full, short } from "engine/numbers";
import { oracle } from "./browser.mjs";

test("numbers are written as drawings write them", () => {
  for (const [x, text] of oracle.numbers) assert.equal(short(x), text);
});

test("what is not finite has a name", () => {
  assert.deepEqual([Number.NaN, 1 / 0, -1 / 0].map(short), ["nan", "inf", "−inf"]);
  assert.deepEqual([Number.NaN, 1 / 0, -1 / 0, -0.1].map(full), ["nan", "inf", "-inf", "-0.1"]);
});

test("counts and shapes are written as drawings write them", () => {
  for (const [n, alone, nodes] of oracle.counts)
    assert.deepEqual([count(n), count(n, "node")], [alone, nodes]);
  for (const [shape, text] of oracle.shapes) assert.equal(shapeText(shape), text);
});

test("a negative factor stands in brackets, and no other", () => {
  assert.deepEqual([-2, 2, 0, -0.5].map(factor), ["(−2)", "2", "0", "(−0.5)"]);
});
