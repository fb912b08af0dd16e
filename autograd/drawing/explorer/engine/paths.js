// The strongest paths from a node to the roots: those whose product of partials is largest.
// One sweep finds the best product from every node on; a best-first search then meets the paths in
// the order of their strength (A* with an exact estimate).

/** The largest |product of partials| of a path from each node to a root, found in slices. */
class Reach {
  constructor(graph) {
    this.graph = graph;
    this.best = new Float64Array(graph.size);
    for (const root of graph.roots) this.best[root] = 1;
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
    const { best, graph } = this;
    for (let slot = graph.firstSlot[y]; slot < graph.firstSlot[y + 1]; slot++) {
      const entries = graph.entriesOf(graph.operands[slot]);
      for (let k = 0; k < entries.length; k++) {
        const product = best[y] * Math.abs(graph.partial(slot, k) ?? 0);
        if (product > best[entries[k]]) best[entries[k]] = product;
      }
    }
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

/** Up to `most` paths [{nodes, product}], the strongest first. */
export function strongest(graph, from, most) {
  const reach = reachOf(graph);
  reach.advance();
  const { best } = reach;
  const queue = new Heap();
  queue.push(best[from], { node: from, product: 1, back: null });
  const found = [];
  while (queue.size && found.length < most) {
    const path = queue.pop();
    if (graph.roots.includes(path.node)) found.push({ nodes: trail(path), product: path.product });
    graph.eachUse(path.node, (slot, k) => {
      const product = path.product * (graph.partial(slot, k) ?? 0);
      const node = graph.slotReader[slot];
      const strength = Math.abs(product) * best[node];
      if (strength > 0) queue.push(strength, { node, product, back: path });
    });
  }
  return found;
}

function trail(path) {
  const nodes = [];
  for (let p = path; p; p = p.back) nodes.unshift(p.node);
  return nodes;
}

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
