// Which class a model predicts at every point of a plane, for samples of two numbers: in slices.

export const CELLS = 36; // in a row, and rows

export class Boundary {
  constructor(graph, samples) {
    Object.assign(this, { graph, samples, at: CELLS * CELLS });
    this.network = graph.numbers.twin();
    this.classes = new Int16Array(CELLS * CELLS).fill(-1);
    this.axes = [0, 1].map((axis) => extent(samples, axis));
  }

  get isDone() {
    return this.at === this.classes.length;
  }

  begin(data) {
    this.network.data.set(data);
    this.at = 0;
  }

  /** The middle of a cell: rows from above, so the second number falls. */
  point(cell) {
    const [column, row] = [cell % CELLS, Math.floor(cell / CELLS)];
    const along = ([lo, hi], share) => lo + (hi - lo) * share;
    return [along(this.axes[0], (column + 0.5) / CELLS), along(this.axes[1], 1 - (row + 0.5) / CELLS)];
  }

  /** Go on for some milliseconds. */
  run(milliseconds) {
    const end = performance.now() + milliseconds;
    const { network, samples, graph } = this;
    while (!this.isDone && performance.now() < end) {
      this.point(this.at).forEach((x, axis) => {
        if (graph.inputs[axis] >= 0) network.data[graph.inputs[axis]] = x;
      });
      network.forward();
      this.classes[this.at++] = samples.predicted(network.data);
    }
  }
}

/** From the least to the largest number on an axis, and some room. */
function extent({ numbers: [points], count }, axis) {
  let [lo, hi] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let k = 0; k < count; k++) {
    lo = Math.min(lo, points[2 * k + axis]);
    hi = Math.max(hi, points[2 * k + axis]);
  }
  const room = 0.12 * (hi - lo || 1);
  return [lo - room, hi + room];
}
