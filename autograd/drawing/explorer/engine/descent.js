// One step against the gradient: w −= η·∂root/∂w.

/** Σ (∂root/∂n)² of some nodes: to first order the root falls by η times this. */
export const steepness = ({ adjoint }, nodes) => nodes.reduce((sum, n) => sum + adjoint[n] ** 2, 0);

/** [[node, its number after the step], ...] */
export const descended = ({ data, adjoint }, nodes, rate) =>
  Array.from(nodes, (n) => [n, data[n] - rate * adjoint[n]]);
