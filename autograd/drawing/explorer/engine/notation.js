// How a matrix product is written: samples in columns (W·X) or in rows (X·Wᵀ, or X·W with weights
// in × out). Where a transpose stands follows from the order of the indices alone.

/** The indices of each matrix: f of outputs, k of inputs, p of places or samples. */
export const NOTATIONS = {
  columns: { says: "W·X: samples are columns", W: "fk", X: "kp", Z: "fp" },
  rows: { says: "X·Wᵀ: samples are rows", W: "fk", X: "pk", Z: "pf" },
  inputs: { says: "X·W: rows, weights in × out", W: "kf", X: "pk", Z: "pf" },
};

const FACTORS = { Z: ["W", "X"], dW: ["dZ", "X"], dX: ["W", "dZ"] };
const SUMS = { k: "Σₖ", p: "Σₚ", f: "Σ_f" };

/** `dZ` has the indices of `Z`. */
const indices = (notation, name) => NOTATIONS[notation][name.at(-1)];

/** Whether a matrix is the transpose of what it is with samples in columns. */
export const isTurned = (notation, name) => indices(notation, name) !== indices("columns", name);

/** {result, left, right, sum}: each {name, indices, turn}; `turn` says where a ᵀ is needed. */
export function equationOf(notation, result) {
  const own = indices(notation, result);
  const factors = FACTORS[result].map((name) => ({ name, indices: indices(notation, name) }));
  const sum = [...factors[0].indices].find((index) => !own.includes(index));
  const [left, right] = [...own].map((index) => factors.find((f) => f.indices.includes(index)));
  left.turn = left.indices[1] !== sum;
  right.turn = right.indices[0] !== sum;
  return { result: { name: result, indices: own, turn: false }, left, right, sum };
}

/** Why one of the factors is turned: which way the sum runs through both. */
export function reason({ left, right }) {
  if (right.turn) return `along the rows of both, so ${right.name} is turned`;
  if (left.turn) return `down the columns of both, so ${left.name} is turned`;
  return `along a row of ${left.name} and down a column of ${right.name}`;
}

/** `dW[f,k] = Σₚ dZ[f,p]·X[k,p]`, with indices or with numbers for some of them. */
export function entryText({ result, left, right, sum }, at = {}) {
  const written = ({ name, indices }) => `${name}[${[...indices].map((i) => at[i] ?? i).join(",")}]`;
  return `${written(result)} = ${SUMS[sum]} ${written(left)}·${written(right)}`;
}

/** `dw = x.T @ dz`, as in NumPy. */
export function numpyText({ result, left, right }) {
  const written = ({ name, turn }) => name.toLowerCase() + (turn ? ".T" : "");
  return `${written(result)} = ${written(left)} @ ${written(right)}`;
}
