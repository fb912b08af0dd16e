// What predictions are compared with: targets, and how much each term counts, from the adjoints.

const LINKS = new Set(["sum", "add"]); // from a power to the total

/** Of a softmax: shares p, and targets y: how much each log p counts, wherever it is taken. */
export function shares({ graph, reverse }, rows) {
  const { data } = graph;
  const arriving = (n, counts) => {
    let sum = 0;
    graph.eachUse(n, (slot, k) => {
      if (counts(graph.slotReader[slot])) sum += reverse.contribution(slot, k).contribution;
    });
    return sum;
  };
  const weights = rows.map(({ power }) => {
    const [exponent] = graph.operandsOf(power);
    const quotients = arriving(power, (y) => !LINKS.has(graph.operation(y).name));
    return -(arriving(exponent, (y) => y !== power) + data[power] * quotients);
  });
  const weight = weights.reduce((a, b) => a + b, 0);
  const of = ({ power, total }, k) => ({ p: data[power] / data[total], target: weights[k] / (weight || 1) });
  return { rows: rows.map(of), weight, most: Math.abs(weight) || 1 };
}

/** Of log p and log(1 − p): how much each counts. */
export function chances({ graph }, rows, p) {
  const size = (n) => (n === undefined ? 0 : Math.abs(graph.adjoint[n]));
  const found = rows.map((row) => {
    const [yes, no] = [size(row.yes), size(row.no)];
    return { p: p(row), target: yes / (yes + no || 1), weight: yes + no };
  });
  return { rows: found, weight: same(found), most: largest(rows.map((r) => graph.adjoint[r.prediction])) };
}

/** Of a prediction and a target that are compared by their distance. */
export function distances({ graph }, rows, ends) {
  const { data, adjoint } = graph;
  const found = rows.map((row) => {
    const [from, to] = ends(row);
    return {
      from,
      to,
      loss: data[row.term],
      weight: adjoint[row.term],
      goal: data[row.target] ?? -data[row.opposite],
    };
  });
  const all = found.flatMap(({ from, to }) => [from, to]).filter(Number.isFinite);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const margin = (high - low) / 20;
  const most = largest(rows.map((r) => adjoint[r.prediction]));
  return { rows: found, weight: same(found), most, low: low - margin, high: high + margin };
}

/** The weight that all rows have, or 1 with those that differ. */
function same(rows) {
  const [{ weight }] = rows;
  return rows.every((row) => Math.abs(row.weight - weight) <= 1e-9 * Math.abs(weight)) ? weight : 1;
}

function largest(numbers) {
  return numbers.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0);
}
