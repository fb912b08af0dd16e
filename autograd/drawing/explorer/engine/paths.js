// The strongest paths of a node's gradient: those whose product of partials is largest. A path ends at
// a score that a loss reads, and is weighed by ∂loss/∂score, or at a root. One sweep finds the best
// product from every node on; a best-first search then meets the paths in the order of their strength
// (A* with an exact estimate).

import { count as counted, short } from "engine/numbers";

const MANY = 1e15;

/** From each node to the ends, found in slices: the largest |product| of a path, how many paths
 * there are that nothing stops, and Σ|products|. */
class Reach {
  constructor(graph) {
    this.graph = graph;
    this.scores = new Set(graph.header.scores);
    this.best = new Float64Array(graph.size);
    this.count = new Float64Array(graph.size);
    this.size = new Float64Array(graph.size);
    for (const root of graph.roots) this.best[root] = this.count[root] = this.size[root] = 1;
    this.beyond = new Map(); // from a score on: [count, size]
    this.at = 0;
  }

  /** Go on for some milliseconds; true when all is found. */
  advance(milliseconds = Number.POSITIVE_INFINITY) {
    const { sequence } = this.graph;
    const stop = performance.now() + milliseconds;
    while (this.at < sequence.length && (this.at % 256 || performance.now() < stop))
      this.#visit(sequence[this.at++]);
    return this.at === sequence.length;
  }

  #visit(y) {
    const { best, count, size, graph } = this;
    const { data } = graph;
    if (this.scores.has(y)) this.#end(y);
    for (let slot = graph.firstSlot[y]; slot < graph.firstSlot[y + 1]; slot++) {
      const entries = graph.entriesOf(graph.operands[slot]);
      const other = graph.partialsOf(slot); // of a dot, whose partials need not be asked for
      const others = other < 0 ? null : graph.entriesOf(other);
      for (let k = 0; k < entries.length; k++) {
        const partial = others ? data[others[k]] : graph.partial(slot, k);
        if (partial === null) continue;
        const [n, factor] = [entries[k], Math.abs(partial)];
        count[n] += count[y];
        const product = best[y] * factor;
        if (!(product > 0)) continue; // 0 times infinity is 0, since nothing comes through
        size[n] += size[y] * factor;
        if (product > best[n]) best[n] = product;
      }
    }
  }

  #end(y) {
    this.beyond.set(y, [this.count[y], this.size[y]]);
    this.count[y] = 1;
    this.best[y] = this.size[y] = Math.abs(this.graph.adjoint[y]);
  }
}

function reachOf(graph) {
  graph.reach ??= new Reach(graph);
  return graph.reach;
}

/** Find, while nobody needs the processor, what the first click on a node would wait for. */
export function prepare(graph) {
  const slice = () => {
    graph.uses();
    if (!reachOf(graph).advance(8)) setTimeout(slice, 4);
  };
  setTimeout(slice, 50);
}

/**
 * Up to `most` paths [{nodes, product}], the strongest first, each product weighed by the gradient of
 * the score that its path ends at. `count` paths are not stopped, and `size` is Σ|products| of all.
 */
export function strongest(graph, from, most) {
  const reach = reachOf(graph);
  reach.advance();
  const queue = new Heap();
  queue.push(reach.best[from], { node: from, product: 1, back: null });
  const paths = [];
  while (queue.size && paths.length < most) {
    const path = queue.pop();
    const score = path.node !== from && reach.scores.has(path.node);
    if (score || graph.roots.includes(path.node)) paths.push(arrived(graph, path, score));
    if (!score) spread(graph, reach.best, queue, path);
  }
  const [count, size] = reach.beyond.get(from) ?? [reach.count[from], reach.size[from]];
  return { paths, count, size };
}

/** Put what goes one step on into the queue. */
function spread(graph, best, queue, path) {
  graph.eachUse(path.node, (slot, k) => {
    const product = path.product * (graph.partial(slot, k) ?? 0);
    const node = graph.slotReader[slot];
    const strength = Math.abs(product) * best[node];
    if (strength > 0) queue.push(strength, { node, product, back: path });
  });
}

function arrived(graph, path, score) {
  const nodes = [];
  for (let p = path; p; p = p.back) nodes.unshift(p.node);
  return { nodes, product: score ? path.product * graph.adjoint[path.node] : path.product };
}

/** What found paths of a node carry: `2 of 3 paths, carrying 12 of the gradient 15, 80%`. */
export function carried(graph, from, { paths, count, size }) {
  const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
  const products = paths.map(({ product }) => product);
  const every = `${count > MANY ? "more than " : ""}${counted(Math.min(count, MANY), "path")}`;
  const to = paths.some(({ nodes }) => graph.roots.includes(nodes.at(-1))) ? "" : " to the scores";
  const gradient = graph.adjoint[from];
  const words = `${paths.length} of ${every}${to}, carrying ${short(sum(products))} of the gradient ${short(gradient)}`;
  const bySize = sum(products.map(Math.abs)) / size;
  if (!(bySize < 1 - 1e-9)) return words; // all, or nan
  const share = sum(products) / gradient;
  const part = share > 0 && share < 1 ? `, ${percent(share)}` : "";
  if (Math.abs(size - Math.abs(gradient)) <= 1e-9 * size) return words + part;
  return `${words}${part}; paths cancel: by size these are ${percent(bySize)} of all`;
}

/** A part of a whole: never 0% and never 100%. */
const percent = (share) => `${Math.min(Math.max(Math.round(100 * share), 1), 99)}%`;

/** A binary heap, the greatest key first. */
class Heap {
  #keys = [];
  #items = [];

  get size() {
    return this.#keys.length;
  }

  push(key, item) {
    let k = this.size;
    while (k > 0) {
      const up = (k - 1) >> 1;
      if (this.#keys[up] >= key) break;
      this.#move(up, k);
      k = up;
    }
    this.#keys[k] = key;
    this.#items[k] = item;
  }

  pop() {
    const top = this.#items[0];
    const [key, item] = [this.#keys.pop(), this.#items.pop()];
    if (!this.size) return top;
    let k = 0;
    for (let down = 1; down < this.size; down = 2 * k + 1) {
      if (down + 1 < this.size && this.#keys[down + 1] > this.#keys[down]) down++;
      if (this.#keys[down] <= key) break;
      this.#move(down, k);
      k = down;
    }
    this.#keys[k] = key;
    this.#items[k] = item;
    return top;
  }

  #move(from, to) {
    this.#keys[to] = this.#keys[from];
    this.#items[to] = this.#items[from];
  }
}
