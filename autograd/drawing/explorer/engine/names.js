// What nodes are called, and what a name that somebody typed stands for.

import { count, short } from "engine/numbers";

/** `8×24×24`; one number is 1. */
export const shapeText = (shape) => shape.join("×") || "1";

/** The indices of an entry from its place in row-major order. */
export function address(shape, place) {
  const indices = new Array(shape.length);
  for (let a = shape.length - 1; a >= 0; a--) {
    indices[a] = place % shape[a];
    place = Math.floor(place / shape[a]);
  }
  return indices;
}

/** A block of a tensor, from the entry at `place` on: `conv1.weight[0,2]` of two axes. */
export function tensorName(name, shape, place, axes) {
  return axes ? `${name}[${address(shape, place).slice(0, axes).join(",")}]` : name;
}

/** The label of a node: `conv1.weight[0,0,1,2]`, what the user wrote, or "". */
export function label(graph, n) {
  const t = graph.tensorOf[n];
  const own = graph.header.labels[n];
  if (own || t < 0) return own || "";
  const { name, shape } = graph.tensors[t];
  return `${name}[${address(shape, graph.placeOf[n]).join(",")}]`;
}

/** A name for every node: its label, the root's, `0[3,4,5].dot` where it works for an entry, `n17`. */
export function nameOf(graph, n) {
  const given = label(graph, n);
  if (given) return given;
  if (graph.roots.length === 1 && graph.roots[0] === n) return rootName(graph);
  const owner = graph.owner[n];
  return owner >= 0 && owner !== n ? `${nameOf(graph, owner)}.${graph.operation(n).name}` : `n${n}`;
}

const SIGNS = { mul: "×", sub: "−", neg: "−", maximum: "max", minimum: "min" };

/** How an operation is written. */
export function signOf(graph, n) {
  const { name, symbol } = graph.operation(n);
  return SIGNS[name] ?? symbol;
}

const INFIX = new Set(["add", "sub", "mul", "div", "pow"]);

export const isInfix = (graph, n) => INFIX.has(graph.operation(n).name);

/** What gradients are gradients of: `loss` where a loss made the root. */
export function rootName(graph) {
  const root = graph.roots[0];
  if (graph.roots.length > 1) return "Σ outputs";
  const given = label(graph, root);
  if (given) return given;
  const stage = graph.stages[graph.stageOf[root]];
  if (stage?.kind.endsWith("Loss") || stage?.path.endsWith("loss")) return "loss";
  return Object.values(graph.header.labels).includes("y") ? "root" : "y";
}

/** A name below or above a ∂: in brackets where it would be misread. */
export const under = (name) => (/[\s/+*−-]/.test(name) ? `∂(${name})` : `∂${name}`);

/** A node's number in a few characters, as Python writes it where it is more than a double; "…" while
 * the forward pass has not come to it. */
export const numberOf = (graph, n) =>
  graph.isWaiting(n) ? "…" : (graph.header.texts[n] ?? short(graph.data[n]));

/** A node as an operand in a line of arithmetic: its name, or the number of a constant. */
export function termOf(graph, n) {
  const named = label(graph, n) || graph.op[n] || graph.roots.includes(n);
  return named ? nameOf(graph, n) : numberOf(graph, n);
}

/** What a text names: {node}, {stage}, or {error} that says what there is. */
export function find(graph, text) {
  const name = text.trim();
  const stage = graph.stages.find((s) => s.title === name);
  if (stage) return { stage: stage.index };
  const node = byNumber(graph, name) ?? byLabel(graph, name);
  if (node !== undefined) return { node };
  const tensor = graph.tensors.find((t) => t.name === name);
  return tensor ? stageOfTensor(graph, tensor) : byAddress(graph, name);
}

/** What is called nearly so. */
function missing(graph, text) {
  const known = [...graph.stages.map((s) => s.title), ...graph.tensors.map((t) => t.name)];
  const near = known.filter((name) => name.toLowerCase().includes(text.toLowerCase()));
  const hint = text && near.length ? `; there is ${[...new Set(near)].slice(0, 5).join(", ")}` : "";
  return { error: `nothing here is called ${text}${hint}` };
}

function byNumber(graph, text) {
  const found = /^n(\d+)$/.exec(text);
  return found && Number(found[1]) < graph.size ? Number(found[1]) : undefined;
}

/** `conv1[3,4,5]`, `conv1[3]` (its first entry there), `head[-1]`. */
function byAddress(graph, text) {
  const found = /^(.*?)\s*\[([-\d\s,]+)\]$/s.exec(text);
  const tensor = found && graph.tensors.find((t) => t.name === found[1]);
  if (!tensor) return missing(graph, found ? found[1] : text);
  const { shape, entries } = tensor;
  const given = found[2].split(",").map(Number);
  const indices = shape.map((n, a) => (a < given.length ? given[a] + (given[a] < 0 ? n : 0) : 0));
  if (given.length > shape.length || indices.some((i, a) => !(i >= 0 && i < shape[a])))
    return { error: `${tensor.name} has the shape ${shapeText(shape)}: there is no ${text}` };
  const node = entries[indices.reduce((sum, i, a) => sum * shape[a] + i, 0)];
  return node >= 0 ? { node } : { error: `nothing reads ${text}` };
}

function byLabel(graph, text) {
  if (graph.roots.length === 1 && text === rootName(graph)) return graph.roots[0];
  graph.byLabel ??= new Map(Object.entries(graph.header.labels).map(([n, given]) => [given, Number(n)]));
  return graph.byLabel.get(text);
}

/** The layer that made a tensor, or the first that reads it. */
function stageOfTensor(graph, tensor) {
  const makes = graph.stages.find((s) => s.outputs.includes(tensor.index));
  const reads = graph.stages.find((s) => s.reads.includes(tensor.index));
  const stage = makes ?? reads;
  return stage ? { stage: stage.index } : { node: tensor.entries.find((n) => n >= 0) };
}

/** What a sequence of nodes is called: the tensor that they belong to, and how many they are. */
export function sequenceName(graph, nodes) {
  const t = [...nodes].map((n) => graph.tensorOf[n]).find((k) => k >= 0);
  return t === undefined ? count(nodes.length, "number") : `${graph.tensors[t].name}, ${count(nodes.length)}`;
}
