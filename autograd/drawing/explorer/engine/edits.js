// Changed leaves as a text: `conv1.bias[0]:0.5;x[3,4]:1`, after another sample: `sample:12;...`.

import { SAMPLE } from "engine/live";
import { find, nameOf } from "engine/names";

const MOST = 600; // changes; training changes more than an address should hold

/** null where nothing is changed, or more than an address should hold. */
export function editsText({ graph, sample, samples, changes: own }, changes = own) {
  const shown = samples && sample !== samples.index ? [`sample:${sample}`] : [];
  const edits = changes.size > MOST ? [] : [...changes].map(([n, x]) => `${uniqueName(graph, n)}:${x}`);
  return [...shown, ...edits].join(";") || null;
}

/** [[node, number], ...] of a text; what is not there any more is left out. */
export function editsOf({ graph, samples }, text) {
  return (text ?? "")
    .split(";")
    .map((part) => {
      const at = part.lastIndexOf(":");
      const [name, x] = [part.slice(0, at), Number(part.slice(at + 1))];
      if (samples && name === "sample") return [samples.has(x) ? SAMPLE : undefined, x];
      return [find(graph, name).node, x];
    })
    .filter(([n, x]) => n !== undefined && !Number.isNaN(x));
}

/** A name that finds the node again. */
export function uniqueName(graph, n) {
  const name = nameOf(graph, n);
  return !/[;:]/.test(name) && find(graph, name).node === n ? name : `n${n}`;
}
