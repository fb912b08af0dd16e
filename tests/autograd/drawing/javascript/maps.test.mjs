import assert from "node:assert/strict";
import { test } from "node:test";
import { blockShape } from "parts/grids";
import { arrangement, indexText } from "parts/maps";
import { labelled, loaded } from "./browser.mjs";

test("a matrix is one tile, channels are a square of tiles", () => {
  assert.deepEqual(arrangement([4, 5], 300), {
    rows: 4,
    cols: 5,
    tiles: 1,
    hidden: 0,
    across: 1,
    down: 1,
    cell: 28,
  });
  const { tiles, across, down, cell } = arrangement([8, 24, 24], 320);
  assert.deepEqual([tiles, across, down], [8, 3, 3]);
  assert.equal(cell, Math.floor((320 / 3 - 3) / 24));
});

test("kernels stand in a line for each output channel", () => {
  const { across, down, rows, cols } = arrangement([16, 8, 5, 5], 320);
  assert.deepEqual([across, down, rows, cols], [8, 16, 5, 5]);
});

test("long vectors are wrapped, and what has no room is counted", () => {
  assert.deepEqual(arrangement([100], 320), {
    rows: 4,
    cols: 32,
    tiles: 1,
    hidden: 0,
    across: 1,
    down: 1,
    cell: 10,
  });
  assert.equal(arrangement([32 * 400 + 5], 320).hidden, 5);
  assert.equal(arrangement([300, 2, 2], 320).hidden, 300 - 256);
  assert.equal(arrangement([], 320).cols, 1);
});

test("an entry is written by its indices", () => {
  assert.equal(indexText([2, 3], 4), "[1,1]");
});

test("25 entries of a kernel are a block, those of two tensors are none", async () => {
  const { graph, truth } = await loaded("cnn");
  const of = (...texts) => texts.map((text) => labelled(truth, text));
  const kernel = graph.entriesOf(graph.operandsOf(graph.operandsOf(labelled(truth, "conv1[1,2,0]"))[0])[0]);
  assert.deepEqual(blockShape(graph, kernel), [3, 3]);
  assert.deepEqual(blockShape(graph, of("conv1[0,0,1]", "conv1[0,0,2]")), [2]);
  assert.equal(blockShape(graph, of("conv1[0,0,1]", "conv1[0,1,2]")), null);
  assert.equal(blockShape(graph, of("conv1[0,0,1]", "relu1[0,0,1]")), null);
});
