// How strong the strongest colour is: a scale for each heat map, or one for all of them.

import { doubles } from "engine/indices";
import { largest } from "parts/colors";

/** {own, most}: the largest |value| or |gradient| of a tensor, and that of the scale it is shown on. */
export function scaleOf(app, tensor, values) {
  const own = largestOf(app, tensor, values);
  return { own, most: app.state.scale === "one" ? overall(app, values) : own };
}

function largestOf({ graph }, { entries, scale = entries }, values) {
  const numbers = values ? graph.data : graph.adjoint;
  return largest(doubles(scale, (n) => (n < 0 ? Number.NaN : numbers[n])));
}

/** Of all tensors together, found once for each state of the numbers. */
function overall(app, values) {
  const { graph, live } = app;
  if (graph.scales?.version !== live.version) graph.scales = { version: live.version };
  graph.scales[values] ??= largest(graph.tensors.map((tensor) => largestOf(app, tensor, values)));
  return graph.scales[values];
}
