import assert from "node:assert/strict";
import { test } from "node:test";
import { placed } from "cards/layout";
import { oracle, scripts } from "./browser.mjs";

const boxes = ["a", "b", "c"].map((id, k) => ({ id, width: 100 + 10 * k, height: 40 }));
const arrows = [
  { from: "a", to: "b", label: { width: 60, height: 20 } },
  { from: "b", to: "c" },
];
let answer; // what the next worker says to a graph in DOT
const workers = [];

globalThis.Worker = class {
  constructor() {
    workers.push(this);
  }
  postMessage({ id, dot }) {
    this.dot = dot;
    const data = answer && { id, ...answer };
    if (data) queueMicrotask(() => this.onmessage({ data }));
  }
  terminate() {
    this.ended = true;
  }
};
scripts.viz = scripts.graph = oracle.graphs.expression.packed;
scripts["layout-worker"] = "";

const GRAPHVIZ = {
  bb: "0,0,300,80",
  objects: [
    { name: "cluster_0", bb: "90,10,300,70" },
    { name: "cluster_1", bb: "180,15,290,35" },
    { name: "b0", pos: "50,60" },
    { name: "b1", pos: "155,40" },
    { name: "b2", pos: "240,20" },
  ],
  edges: [
    { id: "e1", pos: "e,180,22 170,30 172,28 174,26 176,24" },
    { id: "e0", pos: "100,60 105,55 110,50 115,45", lp: "107,70" },
  ],
};

test("Graphviz's answer is turned upside down, its arrows in the order that was asked for", async () => {
  answer = { layout: GRAPHVIZ };
  const { width, height, boxes: at, arrows: lines } = await placed(boxes, arrows);
  assert.deepEqual([width, height], [300, 80]);
  assert.deepEqual(at, [
    { x: 0, y: 0 },
    { x: 100, y: 20 },
    { x: 180, y: 40 },
  ]);
  assert.deepEqual(lines, [
    { path: "M100,20 C105,25 110,30 115,35", label: { x: 107, y: 10 } },
    { path: "M170,50 C172,52 174,54 176,56", label: null },
  ]);
});

test("Graphviz is told the sizes in inches, and nothing of what is written in a box", async () => {
  answer = { layout: GRAPHVIZ };
  await placed(
    [{ ...boxes[0], id: '"]; evil [' }, ...boxes.slice(1)],
    [{ ...arrows[0], from: '"]; evil [' }, arrows[1]],
  );
  const { dot } = workers.at(-1);
  assert.match(dot, /b0 \[width=1\.389, height=0\.556\];/);
  assert.match(dot, /b0 -> b1 \[id=e0, label=<<table border="0" fixedsize="true" width="60" height="20">/);
  assert.match(dot, /b1 -> b2 \[id=e1\];/);
  assert.ok(!dot.includes("evil"));
});

const COLUMNS = {
  width: 510,
  height: 56,
  boxes: [
    { x: 0, y: 0 },
    { x: 160, y: 0 },
    { x: 330, y: 0 },
  ],
  arrows: [
    { path: "M100,20 L151,20", label: { x: 125.5, y: 10 } },
    { path: "M270,20 L321,20", label: { x: 295.5, y: 20 } },
  ],
  frames: [],
};

const title = { width: 50, height: 24 };
const frames = [
  { ids: ["b"], all: ["b", "c"], parent: -1, title },
  { ids: ["c"], all: ["c"], parent: 0, title },
];

test("a frame is a cluster, in the one that it is within; its rectangle is turned over too", async () => {
  answer = { layout: GRAPHVIZ };
  const { frames: at } = await placed(boxes, arrows, frames);
  assert.deepEqual(at, [
    { x: 90, y: 10, width: 210, height: 60 },
    { x: 180, y: 45, width: 110, height: 20 },
  ]);
  const dot = workers.at(-1).dot.replaceAll("\n", " ");
  assert.match(dot, /subgraph cluster_0 \{[^{}]*b1; subgraph cluster_1 \{[^{}]*b2; \} \}/);
});

test("without Graphviz a frame is around all its boxes", async () => {
  answer = { error: "no" };
  const { boxes: at, frames: around } = await placed(boxes, arrows, frames);
  around.forEach(({ x, y, width, height }, k) => {
    for (const id of frames[k].all) {
      const n = boxes.findIndex((box) => box.id === id);
      assert.ok(x < at[n].x && x + width > at[n].x + boxes[n].width);
      assert.ok(y < at[n].y && y + height > at[n].y + boxes[n].height);
    }
  });
});

test("where Graphviz fails, boxes stand in columns", async () => {
  answer = { error: "no" };
  assert.deepEqual(await placed(boxes, arrows), COLUMNS);
});

test("a layout that takes too long is ended, and the next one starts anew", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  answer = null;
  const waiting = placed(boxes, arrows);
  await new Promise((go) => setImmediate(go));
  t.mock.timers.tick(4_001);
  assert.deepEqual(await waiting, COLUMNS);
  await new Promise((go) => setImmediate(go));
  assert.ok(workers.at(-1).ended);
  const before = workers.length;
  answer = { layout: GRAPHVIZ };
  assert.equal((await placed(boxes, arrows)).width, 300);
  assert.equal(workers.length, before + 1);
});

test("many boxes are placed without Graphviz: a column further than all that are read", async () => {
  const many = Array.from({ length: 400 }, (_, k) => ({ id: `n${k}`, width: 10, height: 4 }));
  const edges = [
    { from: "n0", to: "n1" },
    { from: "n1", to: "n2" },
    { from: "n0", to: "n2" },
  ];
  const asked = workers.at(-1).dot;
  const { boxes: at } = await placed(many, edges);
  assert.equal(workers.at(-1).dot, asked);
  assert.deepEqual(at.slice(0, 4), [
    { x: 0, y: 0 },
    { x: 70, y: 0 },
    { x: 140, y: 0 },
    { x: 0, y: 20 },
  ]);
});
