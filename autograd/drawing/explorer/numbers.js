// Numbers as text.

/** Four significant digits, with a true minus sign; powers of ten where numbers are far from 1. */
export function short(x) {
  if (!Number.isFinite(x)) return full(x).replaceAll("-", "−");
  const size = Math.abs(x);
  const text = size !== 0 && (size < 1e-3 || size >= 1e6) ? power(x) : String(Number(x.toPrecision(4)));
  return text.replaceAll("-", "−");
}

function power(x) {
  const [digits, exponent] = x.toExponential(3).split("e");
  return `${Number(digits)}e${Number(exponent)}`;
}

/** All digits. */
export const full = (x) => String(x).replace("Infinity", "inf").replace("NaN", "nan");

export const count = (n) => n.toLocaleString("en-US");

export const many = (n, what) => `${count(n)} ${what}${n === 1 ? "" : "s"}`;

/** A factor within a product: negative ones in brackets. */
export const factor = (x) => (x < 0 ? `(${short(x)})` : short(x));
