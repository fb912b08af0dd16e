// What nodes are called, and what a name that somebody typed stands for.

export const shapeText = (shape) => (shape.length ? shape.join("×") : "scalar");

/** The indices of an entry from its place in row-major order. */
export function address(shape, place) {
  const indices = new Array(shape.length);
  for (let a = shape.length - 1; a >= 0; a--) {
    indices[a] = place % shape[a];
    place = Math.floor(place / shape[a]);
  }
  return indices;
}

/** The label of a node: `conv1.weight[0,0,1,2]`, what the user wrote, or "". */
export function label(graph, n) {
  const t = graph.tensorOf[n];
  if (t < 0) return graph.header.labels[n] || "";
  const { name, shape } = graph.tensors[t];
  return `${name}[${address(shape, graph.placeOf[n]).join(",")}]`;
}

/** A name for every node: its label, the root's, `0[3,4,5].dot` where it works for an entry, `n17`. */
export function nameOf(graph, n) {
  const given = label(graph, n);
  if (given) return given;
  if (graph.roots.length === 1 && graph.roots[0] === n) return rootName(graph);
  const home = graph.home[n];
  return home >= 0 && home !== n ? `${nameOf(graph, home)}.${graph.operation(n).name}` : `n${n}`;
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
  return stage?.kind.endsWith("Loss") || stage?.path.endsWith("loss") ? "loss" : "y";
}

/** A node as an operand in a line of arithmetic: its name, or the number of a constant. */
export function termOf(graph, n, show) {
  const named = label(graph, n) || graph.op[n] || graph.roots.includes(n);
  return named ? nameOf(graph, n) : show(graph.data[n]);
}

/** What a text names: {node}, {stage}, {tensor}, or {error} that says what there is. */
export function find(graph, text) {
  const wanted = text.trim();
  const stage = graph.stages.find((s) => s.title === wanted);
  if (stage) return { stage: stage.index };
  const node = byNumber(graph, wanted) ?? byAddress(graph, wanted) ?? byLabel(graph, wanted);
  if (node !== undefined) return { node };
  const tensor = graph.tensors.find((t) => t.name === wanted);
  if (tensor) return owner(graph, tensor);
  return { error: `nothing here is called ${wanted}` };
}

function byNumber(graph, text) {
  const found = /^n(\d+)$/.exec(text);
  return found && Number(found[1]) < graph.size ? Number(found[1]) : undefined;
}

function byAddress(graph, text) {
  const found = /^(.*)\[([\d\s,]+)\]$/.exec(text);
  if (!found) return undefined;
  const indices = found[2].split(",").map(Number);
  for (const { name, shape, entries } of graph.tensors) {
    if (name !== found[1] || shape.length !== indices.length) continue;
    if (indices.some((i, a) => i >= shape[a])) continue;
    const node = entries[indices.reduce((sum, i, a) => sum * shape[a] + i, 0)];
    if (node >= 0) return node;
  }
  return undefined;
}

function byLabel(graph, text) {
  if (graph.roots.length === 1 && text === rootName(graph)) return graph.roots[0];
  graph.byLabel ??= new Map(Object.entries(graph.header.labels).map(([n, given]) => [given, Number(n)]));
  return graph.byLabel.get(text);
}

/** The layer that made a tensor, or the first that reads it. */
function owner(graph, tensor) {
  const makes = graph.stages.find((s) => s.outputs.includes(tensor.index));
  const reads = graph.stages.find((s) => s.reads.includes(tensor.index));
  const stage = makes ?? reads;
  return stage ? { stage: stage.index } : { node: tensor.entries.find((n) => n >= 0) };
}
