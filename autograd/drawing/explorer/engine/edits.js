// Changed leaves as a text: `conv1.bias[0]:0.5;x[3,4]:1`.

import { find, nameOf } from "engine/names";

const MOST = 2_000; // changes; training changes more than an address can hold

/** null where nothing is changed, or more than an address should hold. */
export function editsText(graph, changes) {
  if (!changes.size || changes.size > MOST) return null;
  return [...changes].map(([n, x]) => `${uniqueName(graph, n)}:${x}`).join(";");
}

/** [[node, number], ...] of a text; what is not there any more is left out. */
export function editsOf(graph, text) {
  return (text ?? "")
    .split(";")
    .map((part) => {
      const at = part.lastIndexOf(":");
      return [find(graph, part.slice(0, at)).node, Number(part.slice(at + 1))];
    })
    .filter(([n, x]) => n !== undefined && !Number.isNaN(x));
}

/** A name that finds the node again. */
export function uniqueName(graph, n) {
  const name = nameOf(graph, n);
  return !/[;:]/.test(name) && find(graph, name).node === n ? name : `n${n}`;
}
