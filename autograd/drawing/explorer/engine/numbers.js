// Numbers as text.

/** Four significant digits with a true minus sign, as drawings write them: −0.1235, 2.5e+07. */
export function short(x) {
  if (!Number.isFinite(x) || x === 0) return full(x + 0).replace("-", "−");
  const [digits, exponent] = x.toExponential(3).split("e").map(Number);
  if (exponent >= -4 && exponent < 4) return String(Number(x.toPrecision(4))).replace("-", "−");
  const power = String(Math.abs(exponent)).padStart(2, "0");
  return `${digits}e${exponent < 0 ? "-" : "+"}${power}`.replace(/^-/, "−");
}

/** All digits. */
export const full = (x) => String(x).replace("Infinity", "inf").replace("NaN", "nan");

/** `1 node`, `25,138 nodes`. */
export const count = (n, noun = "") => n.toLocaleString("en-US") + (noun && ` ${noun}${n === 1 ? "" : "s"}`);

/** A factor within a product: negative ones in brackets. */
export const factor = (x) => (x < 0 ? `(${short(x)})` : short(x));

/** What an operation sends to an operand, as it is written: `upstream · partial = contribution`. */
export const sentText = ({ upstream, partial, contribution }) =>
  `${short(upstream)} · ${factor(partial ?? 0)} = ${short(contribution)}`;
