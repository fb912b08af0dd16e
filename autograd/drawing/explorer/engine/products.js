// The matrix products among a layer's dots, with the nodes of every entry: Z = W·X, and in reverse
// dW = dZ·Xᵀ and dX = Wᵀ·dZ.

/** [{rows, columns, inner, dots, named}]: bundles of W and X, and the dots of Z, row by row. */
export function productsOf(graph, stage) {
  const partners = new Map(); // left bundle -> right bundle -> dot
  for (let p = stage.end - 1; p >= stage.start; p--) {
    const n = graph.sequence[p];
    const [left, right] = graph.operandsOf(n);
    if (graph.operation(n).name !== "dot" || left < graph.size || right < graph.size) continue;
    if (!partners.has(left)) partners.set(left, new Map());
    partners.get(left).set(right, n);
  }
  const blocks = new Map();
  for (const [left, dots] of partners) {
    const key = [...dots.keys()].sort((a, b) => a - b).join();
    blocks.set(key, [...(blocks.get(key) ?? []), left]);
  }
  return [...blocks.values()]
    .map((lefts) => product(graph, lefts, partners))
    .filter(({ rows, columns }) => rows.length * columns.length > 1)
    .sort((a, b) => compared(placeOf(graph, a.rows[0], a.dots[0]), placeOf(graph, b.rows[0], b.dots[0])));
}

/** Where a bundle belongs: by the entry that its dot works for, by its own entries, by its number. */
function placeOf(graph, bundle, dot) {
  return [graph.ownerOf(dot), graph.entriesOf(bundle)[0], bundle].flatMap((n) =>
    n < graph.size ? [graph.tensorOf[n], graph.placeOf[n]] : [n],
  );
}

const compared = (a, b) => a.map((x, k) => x - b[k]).find(Boolean) ?? 0;

/** One product, in the order of the entries of its result; weights are W, even where they come last. */
function product(graph, lefts, partners) {
  const ordered = (bundles, dotOf) =>
    bundles
      .map((bundle) => ({ bundle, at: placeOf(graph, bundle, dotOf(bundle)) }))
      .sort((a, b) => compared(a.at, b.at))
      .map(({ bundle }) => bundle);
  const [first] = lefts;
  const columns = ordered([...partners.get(first).keys()], (right) => partners.get(first).get(right));
  const rows = ordered(lefts, (left) => partners.get(left).get(columns[0]));
  const dots = (outer, inner, of) => Int32Array.from(outer.flatMap((a) => inner.map((b) => of(a, b))));
  const isWeights = ([bundle]) =>
    graph.tensors[graph.tensorOf[graph.entriesOf(bundle)[0]]]?.parameter === true;
  const inner = graph.width(first);
  if (!isWeights(rows) && isWeights(columns)) {
    const turned = dots(columns, rows, (right, left) => partners.get(left).get(right));
    return { rows: columns, columns: rows, inner, dots: turned, weighted: true };
  }
  const straight = dots(rows, columns, (left, right) => partners.get(left).get(right));
  return { rows, columns, inner, dots: straight, weighted: isWeights(rows) };
}

/**
 * A matrix of a product by its name (W, X, Z, dZ, dW, dX), with samples in columns, as {rows, cols,
 * node(i, j), numbers}: from the numbers that the graph has now.
 */
export function matrixOf({ graph, live }, product, name) {
  const version = live?.version ?? 0;
  if (product.version !== version) Object.assign(product, { version, known: {} });
  product.known[name] ??= computed(graph, product, (other) => matrixOf({ graph, live }, product, other))[
    name
  ]();
  return product.known[name];
}

function computed(graph, { rows, columns, inner, dots }, known) {
  const [m, n] = [rows.length, columns.length];
  const left = (f, k) => graph.entries[graph.firstEntry[rows[f] - graph.size] + k];
  const right = (k, p) => graph.entries[graph.firstEntry[columns[p] - graph.size] + k];
  const dot = (f, p) => dots[f * n + p];
  return {
    W: () => matrix(m, inner, left, graph.data),
    X: () => matrix(inner, n, right, graph.data),
    Z: () => matrix(m, n, dot, graph.data),
    dZ: () => matrix(m, n, dot, graph.adjoint),
    dW: () => ({ rows: m, cols: inner, node: left, numbers: multiplied(known("dZ"), turned(known("X"))) }),
    dX: () => ({ rows: inner, cols: n, node: right, numbers: multiplied(turned(known("W")), known("dZ")) }),
  };
}

function matrix(rows, cols, node, numbers) {
  const own = new Float64Array(rows * cols);
  for (let i = 0, at = 0; i < rows; i++) for (let j = 0; j < cols; j++) own[at++] = numbers[node(i, j)];
  return { rows, cols, node, numbers: own };
}

/** The numbers of a·b, row by row. */
function multiplied(a, b) {
  const result = new Float64Array(a.rows * b.cols);
  for (let i = 0; i < a.rows; i++)
    for (let k = 0; k < a.cols; k++) {
      const x = a.numbers[i * a.cols + k];
      for (let j = 0; j < b.cols; j++) result[i * b.cols + j] += x * b.numbers[k * b.cols + j];
    }
  return result;
}

/** A matrix with rows and columns exchanged. */
export function turned({ rows, cols, node, numbers }) {
  const other = new Float64Array(numbers.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) other[j * rows + i] = numbers[i * cols + j];
  return { rows: cols, cols: rows, node: (i, j) => node(j, i), numbers: other };
}
