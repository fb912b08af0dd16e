// Functions of doubles that JavaScript lacks, or that differ from Python's.

export function equal(a, b) {
  return Number(a) === Number(b) || (Number.isNaN(a) && Number.isNaN(b));
}

// 2/√π · e^-x² · Σ 2ⁿ x²ⁿ⁺¹ / (1·3·...·(2n+1)): all terms have one sign, so nothing cancels.
export function erf(x) {
  if (!(Math.abs(x) < 6)) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; sum + term !== sum; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  const y = (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  return Math.abs(y) < 1 ? y : Math.sign(y);
}

// Of 1, and of -1 to an infinite power, Math.pow makes nan.
export function pow(x, n) {
  return x === 1 || (x === -1 && Math.abs(n) === Number.POSITIVE_INFINITY) ? 1 : x ** n;
}

// Of two whole numbers that are as near, the even one; Math.round takes the one above.
export function round(x) {
  return x - Math.floor(x) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x);
}

// For negative x as e^x / (1 + e^x), so that nothing overflows.
export function sigmoid(x) {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

export function softplus(x) {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
}
