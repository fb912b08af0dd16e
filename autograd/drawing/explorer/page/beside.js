// A large graph runs in a worker, so that the page stays alive meanwhile.

import { bytesOf } from "engine/decode";

const MODULES = ["primitives", "engine/indices", "engine/network"];

const ANSWER = `
let network;
self.addEventListener("message", ({ data: { arrays, roots, leaves } }) => {
  if (arrays) {
    network = new Network(arrays, roots, PRIMITIVES);
    self.original = network.data.slice();
    return;
  }
  network.data.set(self.original);
  for (const [n, x] of leaves) network.data[n] = x;
  const start = performance.now();
  network.run();
  postMessage({ data: network.data, adjoint: network.adjoint, milliseconds: performance.now() - start });
});`;

/** What runs a graph beside the page: run(leaves [[node, number], ...]) -> {data, adjoint}. */
export function runnerBeside({ header, originalAdjoint, original, ...shape }) {
  const worker = new Worker(URL.createObjectURL(new Blob([text()], { type: "text/javascript" })));
  const { op, arity, operands, length, entries } = shape;
  const arrays = { op, arity, operands, length, entries, data: original, adjoint: originalAdjoint };
  worker.postMessage({ arrays, roots: header.roots });
  return {
    run: (leaves) =>
      new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = (event) => reject(new Error(event.message));
        worker.postMessage({ leaves });
      }),
  };
}

/** The modules that a worker needs as one script: it has no import map. */
function text() {
  const { imports } = JSON.parse(document.querySelector("script[type=importmap]").textContent);
  const sources = MODULES.map((name) => decoded(imports[name]));
  return `${sources.join("\n").replaceAll(/^import\s[^;]*;|^export /gm, "")}${ANSWER}`;
}

const decoded = (url) => new TextDecoder().decode(bytesOf(atob(url.split(",")[1])));
