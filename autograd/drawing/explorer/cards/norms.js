// How much gradient arrives at a card's tensors: a number, and a bar on a logarithmic scale.

import { flowOf } from "engine/flow";
import { rootName, under } from "engine/names";
import { short } from "engine/numbers";
import { make } from "parts/dom";

/** ‖∂root/∂tensors‖, live; null where there is none to show. */
export function normLine(app, tensors) {
  if (!tensors.length) return null;
  const flow = flowOf(app);
  const norm = () => flow.norm(tensors);
  const what = `‖${under(rootName(app.graph))}/${under(tensors[0].name)}‖, and on a logarithmic scale how it compares`;
  return make(
    "span.norm.small",
    { "data-height": 27, title: what },
    () => `‖∂‖ ${short(norm())}`,
    make("span.meter", {}, make("span", { style: () => `width:${(100 * flow.height(norm())).toFixed(1)}%` })),
  );
}

/** What is wrong with the gradient in a layer, in a word or two. */
export const flag = (app, stage) =>
  make("span.flag", {}, () => {
    const mark = flowOf(app).mark(stage);
    return mark && ` · ${mark}`;
  });
