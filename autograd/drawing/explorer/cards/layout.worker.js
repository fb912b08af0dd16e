// Runs beside the page: Graphviz (the global `Viz`, put in front of this text) lays a graph out.

const engine = Viz.instance();

self.addEventListener("message", async ({ data: { id, dot } }) => {
  try {
    postMessage({ id, layout: (await engine).renderJSON(dot) });
  } catch (error) {
    postMessage({ id, error: String(error) });
  }
});
