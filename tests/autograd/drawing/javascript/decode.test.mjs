import assert from "node:assert/strict";
import { test } from "node:test";
import { inflated, unpacked } from "engine/decode";
import { oracle, scripts } from "./browser.mjs";

test("a graph is unpacked to the arrays that were packed", async () => {
  for (const { packed, arrays } of Object.values(oracle.graphs)) {
    scripts.graph = `\n ${packed} \n`;
    const found = unpacked(await inflated("graph"));
    assert.deepEqual(Object.keys(found.arrays), Object.keys(arrays));
    for (const [name, values] of Object.entries(arrays))
      assert.deepEqual(Array.from(found.arrays[name]), values, name);
    assert.equal(found.header.arrays.length, Object.keys(arrays).length);
  }
});

/** A blob by hand: the header's length, the header, planes of bytes. */
function blob(arrays, planes) {
  const text = new TextEncoder().encode(JSON.stringify({ arrays }));
  const bytes = new Uint8Array(4 + text.length + planes.length);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, 4);
  bytes.set(planes, 4 + text.length);
  return bytes;
}

test("integers are the sums of differences, in planes of bytes", () => {
  const planes = [1, 1, 254, 0, 0, 255, 0, 0, 255, 0, 0, 255]; // differences 1, 1 and -2
  assert.deepEqual(Array.from(unpacked(blob([["k", "i4", 3]], planes)).arrays.k), [1, 2, 0]);
});

test("bytes and doubles are no differences", () => {
  const doubles = Array.from({ length: 64 }, (_, k) => (k % 8) * 8 + Math.floor(k / 8));
  const { b, d } = unpacked(
    blob(
      [
        ["b", "u1", 2],
        ["d", "f8", 8],
      ],
      [7, 9, ...doubles],
    ),
  ).arrays;
  assert.deepEqual(Array.from(b), [7, 9]);
  assert.deepEqual(Array.from(d), oracle.doubles);
});

test("single precision is read as such", () => {
  const { f } = unpacked(blob([["f", "f4", 2]], [0, 0, 0, 0, 128, 0, 63, 192])).arrays;
  assert.deepEqual(Array.from(f), [1, -2]);
});
