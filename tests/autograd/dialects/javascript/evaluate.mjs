// Every primitive at its points, as an engine would run it: y, and for each partial (of a sequence,
// for each entry) 0 and its number, or 1 for true, 2 for false.

export function evaluate(PRIMITIVES, counts, points) {
  const found = [];
  let at = 0;
  for (const [k, [rows, arity]] of counts.entries()) {
    for (let i = 0; i < rows; i++, at += arity) {
      found.push(...one(PRIMITIVES[k], [...points.subarray(at, at + arity)]));
    }
  }
  return Float64Array.from(found);
}

function one(primitive, x) {
  if (primitive.loop) return loop(primitive, x);
  const y = primitive.forward(...x);
  const partials = primitive.partials.map((p) => (typeof p === "function" ? p(y, ...x) : p));
  return [y, ...partials.flatMap(coded)];
}

function coded(p) {
  return p === true ? [1, 1] : p === false ? [2, 0] : [0, p];
}

function loop({ loop, beats, partials }, x) {
  const n = loop === "gather" ? 2 : x.length / partials.length;
  const operands = partials.map((_, k) => x.slice(k * n, k * n + n));
  const y = LOOPS[loop](beats, ...operands);
  return [y, ...partials.flatMap((p) => spread(p, operands, y)).flatMap(coded)];
}

function spread(p, operands, y) {
  if (p === false) return [false];
  if (p === true) return operands[0].map(() => true);
  if (p.place !== undefined)
    return operands[0].map((_, k) => k === place(operands[p.place][0], operands[0].length));
  if (p.first === undefined) return operands[p.operand];
  const winner = operands[0].findIndex((x) => p.first(x, y));
  return operands[0].map((_, k) => k === winner);
}

const place = (i, n) => (i < 0 && i >= -n ? i + n : i);
const extreme = (beats, x) => x.reduce((best, b) => (beats(b, best) ? b : best));
const LOOPS = {
  sum: (_, x) => x.reduce((y, entry) => y + entry, 0),
  dot: (_, a, b) => a.reduce((y, entry, k) => y + entry * b[k], 0),
  max: extreme,
  min: extreme,
  gather: (_, x, [i]) => x[place(i, x.length)] ?? NaN,
};
