import assert from "node:assert/strict";
import { test } from "node:test";
import { Nesting } from "engine/nesting";
import { loaded } from "./browser.mjs";

/** A graph's calls and stages, from paths of stages; `a.b` was called within `a`. */
function model(paths, kind = "Dense") {
  const calls = [{ path: "", kind: "Net", parent: -1 }];
  const seen = new Map();
  const callOf = (path) => {
    if (!seen.has(path)) {
      const outer = path.split(".").slice(0, -1).join(".");
      const parent = outer ? callOf(outer) : 0;
      seen.set(path, calls.push({ path, kind, parent }) - 1);
    }
    return seen.get(path);
  };
  const stages = paths.map((path) => ({ path, kind, title: path, call: callOf(path) }));
  return { header: { calls }, stages };
}

const titles = (items) => items.map((item) => item.title);
const block = (name) =>
  ["norm", "heads.query", "heads.key", "heads.out", "mlp.0", "mlp.1"].map((p) => `${name}.${p}`);

test("few layers are all open, and a model without a path is no part of itself", async () => {
  const { graph } = await loaded("cnn");
  const nesting = new Nesting(graph);
  const { items, frames } = nesting.visible(nesting.usual);
  assert.deepEqual(titles(items), titles(graph.stages));
  assert.deepEqual(frames, []);
});

test("many layers are the outermost modules first, and each opens to its parts", () => {
  const blocks = ["block1", "block2", "block3", "block4"];
  const nesting = new Nesting(model(["embed", ...blocks.flatMap(block), "head"]));
  const rest = [...blocks.slice(1), "head"];
  assert.deepEqual(nesting.usual, []);
  assert.deepEqual(titles(nesting.visible([]).items), ["embed", "block1", ...rest]);
  const one = nesting.visible(["block1"]);
  const parts = ["block1.norm", "block1.heads", "block1.mlp"];
  assert.deepEqual(titles(one.items), ["embed", ...parts, ...rest]);
  assert.deepEqual(
    one.frames.map(({ item, items }) => [item.title, titles(items)]),
    [["block1", parts]],
  );
  const two = nesting.visible(["block1", "block1.heads"]);
  assert.deepEqual(titles(two.frames.map((f) => f.item)), ["block1", "block1.heads"]);
  assert.equal(two.items.length, one.items.length + 2);
  assert.equal(nesting.visible(["block1.heads"]).items.length, 6, "what is around it is closed");
});

test("every stage is in one card, whatever is open", () => {
  const graph = model(["embed", ...block("block1"), ...block("block2"), "head"]);
  const nesting = new Nesting(graph);
  for (const opened of [[], ["block1"], ["block2", "block2.mlp"], ["block1", "block1.heads", "block1.mlp"]]) {
    const shown = nesting.visible(opened).items.flatMap((item) => item.stages);
    assert.deepEqual(new Set(shown), new Set(graph.stages));
    assert.equal(shown.length, graph.stages.length);
  }
});

test("whole levels are open at first, while there are no more than a dozen cards", () => {
  const nesting = new Nesting(model(["a.0", "a.1.x", "a.1.y", "b.0", "b.1"]));
  assert.deepEqual(nesting.usual, ["a", "b", "a.1"]);
  const wide = new Nesting(model([..."abcdef"].flatMap((m) => [`${m}.0`, `${m}.1`, `${m}.2`])));
  assert.deepEqual(wide.usual, []);
});

test("a module of one part is that part", () => {
  const nesting = new Nesting(model(["a.only", "b.0", "b.1"]));
  assert.deepEqual(titles(nesting.top), ["a.only", "b"]);
});

test("two calls of one module are two cards with names of their own", () => {
  const { header, stages } = model(["a.0", "a.1"]);
  const again = header.calls.slice(1).map((call) => ({ ...call, parent: call.parent && call.parent + 3 }));
  const calls = [...header.calls, ...again];
  const all = [...stages, ...stages.map((s) => ({ ...s, call: s.call + 3 }))];
  assert.deepEqual(
    new Nesting({ header: { calls }, stages: all }).top.map((item) => item.name),
    ["a", "a (2)"],
  );
});

test("a step that a module does between its parts is one of its parts", () => {
  const { header, stages } = model(["a.0", "a.1", "b"]);
  const own = { path: "a", kind: "Dense", title: "a", call: header.calls.findIndex((c) => c.path === "a") };
  const nesting = new Nesting({ header, stages: [stages[0], own, stages[1], stages[2]] });
  assert.deepEqual(titles(nesting.top[0].parts), ["a.0", "a", "a.1"]);
});

test("many calls of one path are one card first", () => {
  const calls = [
    { path: "cell", kind: "Dense", parent: -1 },
    { path: "act", kind: "Tanh", parent: -1 },
  ];
  const stages = Array.from({ length: 150 }, (_, k) => {
    const { path, kind } = calls[k % 2];
    return { path, kind, title: `${path} (${k})`, call: k % 2 };
  });
  const nesting = new Nesting({ header: { calls }, stages });
  assert.deepEqual(nesting.usual, []);
  assert.deepEqual(
    nesting.top.map(({ title, calls }) => [title, calls]),
    [
      ["cell", 75],
      ["act", 75],
    ],
  );
  assert.equal(nesting.visible(["cell"]).items.length, 76);
});

test("the items around a stage are told from the outside in", () => {
  const graph = model(["embed", ...block("block1"), ...block("block2"), "head"]);
  const nesting = new Nesting(graph);
  const key = graph.stages.find((s) => s.path === "block2.heads.key");
  assert.deepEqual(titles(nesting.around(key)), ["block2", "block2.heads"]);
  assert.deepEqual(nesting.around(graph.stages[0]), []);
});
