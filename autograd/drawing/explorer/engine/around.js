// The neighbourhood of a node: what it is made of, some steps up, and what reads it, some steps down.
// Long operands are folded, of many readers some are shown, and all of that can be opened further. A
// sum that was written as a chain of additions is one node with many terms.

export const FEW = 6; // readers of a node, and entries of an operand, that are shown unasked
export const MORE = 12; // that are added each time somebody asks
const MOST = 100; // nodes

/**
 * {nodes: [n], folded: [x], arrows: [{from, to, slot, k}], above: Map, below: Map}: `folded` are
 * operands that are one card, arrows go from `n17` or `b42`, and `above` and `below` count what a
 * node reads and what reads it that is not shown. `opened` lists, as often as somebody asked for
 * more, `u17` (what node 17 is made of), `d17` (what reads it), and `b42` (entries of operand 42).
 */
export function around(graph, centre, steps, opened) {
  const times = new Map();
  for (const token of opened) times.set(token, (times.get(token) ?? 0) + 1);
  const found = new Neighbourhood(graph, centre, (token) => times.get(token) ?? 0);
  found.walk(steps);
  return found.all();
}

class Neighbourhood {
  constructor(graph, centre, asked) {
    Object.assign(this, { graph, centre, asked, nodes: new Set([centre]), folded: new Set() });
  }

  /** Go up and down from the centre, level by level; and on from where somebody asked for more. */
  walk(steps) {
    const queue = [true, false].map((up) => ({ n: this.centre, up, level: 0 }));
    const seen = new Set();
    const visit = (n, up, level) => {
      const way = `${up ? "u" : "d"}${n}`;
      if (seen.has(way) || this.nodes.size >= MOST) return [];
      const within = level < steps;
      if (!within && !this.asked(way)) return [];
      seen.add(way);
      return up ? this.#operands(n, this.asked(way) - !within) : this.#readers(n, this.asked(way) - !within);
    };
    for (let at = 0; at < queue.length; at++) {
      const { n, up, level } = queue[at];
      for (const x of visit(n, up, level)) {
        if (this.nodes.size >= MOST && !this.nodes.has(x)) break;
        this.nodes.add(x);
        queue.push({ n: x, up, level: level + 1 }, { n: x, up: !up, level: steps });
      }
    }
  }

  /** What a node is made of: of many terms and of long operands the largest, as many as asked for. */
  #operands(n, more) {
    const { graph } = this;
    const terms = this.#readings(n).map(({ x }) => x);
    const nodes = terms.filter((x) => x < graph.size);
    const some = largest(nodes, FEW + MORE * more, graph.original);
    return [...some, ...terms.filter((x) => x >= graph.size).flatMap((x) => this.#entries(x))];
  }

  /** The entries of an operand that are shown; where some are not, they are folded. */
  #entries(x) {
    const entries = [...this.graph.entriesOf(x)];
    if (entries.length <= FEW) return entries;
    const some = largest(entries, MORE * this.asked(`b${x}`), this.graph.original);
    if (some.length < entries.length) this.folded.add(x);
    return some;
  }

  /** What reads a node: those with the largest gradients. */
  #readers(n, more) {
    return largest(this.#readersOf(n), FEW + MORE * more, this.graph.originalAdjoint);
  }

  #readersOf(n) {
    return [...new Set(this.graph.readersOf(n).map((y) => this.#wholeSum(y)))];
  }

  /** The last addition of the chain that a node is part of. */
  #wholeSum(n) {
    let whole = n;
    while (this.#isPart(whole)) [whole] = this.graph.readersOf(whole);
    return whole;
  }

  /** Whether a node is an addition that another addition goes on with. */
  #isPart(n) {
    const { graph } = this;
    if (n === this.centre || !isSum(graph, n) || graph.uses()[n] !== 1) return false;
    return isSum(graph, graph.readersOf(n)[0]);
  }

  /** What a node reads, [{x, slot}], with all terms of its sum. */
  #readings(n) {
    const { graph } = this;
    const found = [];
    const stack = [n];
    while (stack.length) {
      const y = stack.pop();
      for (let slot = graph.firstSlot[y]; slot < graph.firstSlot[y + 1]; slot++) {
        const x = graph.operands[slot];
        if (x < graph.size && isSum(graph, y) && this.#isPart(x)) stack.push(x);
        else found.push({ x, slot });
      }
    }
    return found.sort((a, b) => a.slot - b.slot);
  }

  all() {
    const nodes = [...this.nodes].sort((a, b) => a - b);
    const [above, below, arrows] = [new Map(), new Map(), []];
    const read = new Map(nodes.map((n) => [n, new Set()]));
    for (const y of nodes) {
      let hidden = 0;
      for (const { x, slot } of this.#readings(y)) {
        const made = this.#arrowsInto(y, x, slot);
        hidden += made.hidden;
        arrows.push(...made.arrows);
        for (const n of made.shown) read.get(n).add(y);
      }
      if (hidden) above.set(y, hidden);
    }
    for (const n of nodes) {
      const hidden = this.#readersOf(n).length - read.get(n).size;
      if (hidden) below.set(n, hidden);
    }
    return { nodes, folded: [...this.folded], arrows, above, below };
  }

  /** The arrows into a node that come from one operand, and how many of its entries have none. */
  #arrowsInto(y, x, slot) {
    const { graph, nodes, folded } = this;
    const arrows = [];
    const shown = [];
    const entries = graph.entriesOf(x);
    entries.forEach((n, k) => {
      if (!nodes.has(n)) return;
      shown.push(n);
      arrows.push({ from: `n${n}`, to: `n${y}`, slot, k });
    });
    const rest = entries.length - shown.length;
    if (!rest || !folded.has(x)) return { arrows, shown, hidden: rest };
    arrows.push({ from: `b${x}`, to: `n${y}`, slot, k: entries.length - 1, folded: true });
    return { arrows, shown, hidden: 0 };
  }
}

const isSum = (graph, n) => !graph.isLeaf(n) && graph.operation(n).name === "add";

/** The nodes whose numbers are largest, in their order; so it is the same whatever was changed. */
function largest(nodes, most, numbers) {
  if (nodes.length <= most) return nodes;
  const size = (n) => Math.abs(numbers[n]) || 0;
  const kept = [...nodes].sort((a, b) => size(b) - size(a)).slice(0, most);
  return kept.sort((a, b) => a - b);
}
