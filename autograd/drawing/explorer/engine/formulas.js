// The table's rows as mathematics, which travel with the page: of tanh, y = tanh(x), ∂y/∂x = 1 − y².

import { label, nameOf, numberOf } from "engine/names";
import { short } from "engine/numbers";

const SIMPLE = /^\p{L}\w{0,7}$/u; // a name that stands well in a formula
const RAISED = { ᵃ: "a", ᵇ: "b", ᶜ: "c", ⁿ: "n", ˣ: "x", ʸ: "y" }; // they cannot be exchanged for names
const LETTER = /(?<![\p{L}\w])[a-z](?![\wₖ(])/gu;

/** {operands, forward, partials} of an operation, as text; null where it has no short ones. */
function equationsOf(graph, y) {
  const said = graph.header.ops[graph.op[y] - 1][2];
  return said && { operands: said[0], forward: said[1], partials: said[2] };
}

/** A slot's local derivative by its formula and its number, of a result called c: `1 − c² = 0.42`. */
export function slopeText(graph, slot, number, write = short) {
  const c = graph.slotReader[slot];
  const formula = equationsOf(graph, c)?.partials[slot - graph.firstSlot[c]];
  return formula ? equal(renamed(formula, new Map([["y", "c"]])), write(number)) : write(number);
}

/** The formula of a slot's local derivative, `∂n5/∂n4 = 1 − n5²`; "" where it is but a number. */
export function slopeRule(graph, slot) {
  const y = graph.slotReader[slot];
  const said = equationsOf(graph, y);
  const k = slot - graph.firstSlot[y];
  if (!said || graph.operands[slot] >= graph.size || /^[−\d.]+$/.test(said.partials[k])) return "";
  const names = namesIn(graph, nodesOf(graph, y, said), said);
  const [result, x] = ["y", said.operands[k]].map((letter) => names.get(letter) ?? letter);
  const of = names.size ? "" : `, of y = ${said.forward}`;
  return `∂${result}/∂${x} = ${renamed(said.partials[k], names)}${of}`;
}

/**
 * [{text(), where()}]: the slopes of an operation by its operands. Short names stand in the formulas,
 * `∂tanh(a)/∂a = 1 − c² = 0.42`; for longer ones there are letters, and `where` says which.
 */
export function slopesOf(graph, y) {
  const said = equationsOf(graph, y);
  if (!said) return [];
  const nodes = nodesOf(graph, y, said);
  const names = namesIn(graph, nodes, said);
  return said.operands.map((_, k) => slope(graph, graph.firstSlot[y] + k, { said, k, nodes, names }));
}

/** {letter: node} of a result and of its operands, sequences apart. */
function nodesOf(graph, y, { operands }) {
  const found = operands.map((x, k) => [x, graph.operands[graph.firstSlot[y] + k]]);
  return new Map([["y", y], ...found.filter(([, n]) => n < graph.size)]);
}

function slope(graph, slot, { said, k, nodes, names }) {
  const operand = said.operands[k];
  const formula = renamed(said.partials[k], names);
  const left = `∂${apart(renamed(said.forward, names))}/∂${renamed(operand, names)}`;
  const number = () => graph.partial(slot, 0) ?? 0;
  const used = letters(`${operand} ${said.partials[k]}`);
  const unnamed = [...nodes].filter(([letter]) => !names.has(letter) && used.has(letter));
  return {
    text: () => `${left} = ${nodes.has(operand) ? equal(formula, short(number())) : formula}`,
    where: () => unnamed.map(([letter, n]) => `${letter} = ${told(graph, n)}`).join(", "),
  };
}

/** {letter: name}, if all nodes have short names and no formula raises a letter; else nothing. */
function namesIn(graph, nodes, { forward, partials }) {
  const names = new Map([...nodes].map(([letter, n]) => [letter, nameIn(graph, n)]));
  const plain = !raised(forward + partials.join("")).length;
  return plain && [...names.values()].every(Boolean) ? names : new Map();
}

/** A short name, or the number of a constant. */
function nameIn(graph, n) {
  const name = nameOf(graph, n);
  if (!graph.isLeaf(n) || label(graph, n)) return SIMPLE.test(name) ? name : "";
  return graph.data[n] < 0 ? `(${numberOf(graph, n)})` : numberOf(graph, n);
}

/** `conv1[0,2,2] = −0.5`; of a constant its number. */
function told(graph, n) {
  const constant = graph.isLeaf(n) && !label(graph, n);
  return constant ? numberOf(graph, n) : `${nameOf(graph, n)} = ${numberOf(graph, n)}`;
}

const renamed = (text, names) => text.replace(LETTER, (letter) => names.get(letter) ?? letter);

const letters = (text) => new Set([...(text.match(LETTER) ?? []), ...raised(text)]);

const raised = (text) => [...text].filter((c) => c in RAISED).map((c) => RAISED[c]);

/** `1 − y² = 0.42`; `1` alone where the formula is the number. */
function equal(formula, number) {
  if (formula.replace(/^\(([^()]*)\)$/, "$1") === number) return number;
  return `${/, else /.test(formula) ? `(${formula})` : formula} = ${number}`;
}

/** In brackets, unless it is one call. */
const apart = (text) => (/^(\p{L}+\([^()]*\)|\|.*\||\p{L}+)$/u.test(text) ? text : `(${text})`);
