// Colours of numbers: blue, paper, orange, symmetric about 0; and paper to red for sizes.
// They are Okabe and Ito's, which colour-blind people can tell apart.

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const LIGHT = {
  paper: [255, 255, 255],
  minus: [0, 114, 178],
  plus: [230, 120, 0],
  size: [178, 60, 0],
  none: [225, 225, 230],
};
const DARK = {
  paper: [24, 26, 32],
  minus: [86, 180, 233],
  plus: [240, 170, 30],
  size: [255, 130, 60],
  none: [60, 62, 70],
};

export const onTheme = (action) => dark.addEventListener("change", action);

/** The colour [r, g, b] of x on a scale where `most` is the strongest; `sizes` ignores the sign. */
export function color(x, most, sizes = false) {
  const theme = dark.matches ? DARK : LIGHT;
  if (!Number.isFinite(x)) return theme.none;
  const strength = most > 0 ? Math.sqrt(Math.min(1, Math.abs(x) / most)) : 0;
  const full = sizes ? theme.size : x < 0 ? theme.minus : theme.plus;
  return theme.paper.map((p, k) => Math.round(p + (full[k] - p) * strength));
}

export const css = ([r, g, b]) => `rgb(${r},${g},${b})`;

/** Black or white, whichever is legible on a colour. */
export const inkOn = ([r, g, b]) => (0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#111" : "#fff");

/** The largest size among numbers. */
export function largest(numbers) {
  let most = 0;
  for (const x of numbers) if (Number.isFinite(x) && Math.abs(x) > most) most = Math.abs(x);
  return most;
}
