// Colours of numbers: blue, paper, orange, symmetric about 0; and paper to red for sizes.
// They are Okabe and Ito's, which colour-blind people can tell apart.

import { make } from "dom";

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

const STEPS = 255;
const palettes = new Map();

/** The colours of a theme from the strongest minus over 0 to the strongest plus, and of nan. */
function palette(sizes) {
  const key = `${dark.matches} ${sizes}`;
  if (!palettes.has(key)) {
    const theme = dark.matches ? DARK : LIGHT;
    const mixed = (full, k) => theme.paper.map((p, c) => Math.round(p + ((full[c] - p) * k) / STEPS));
    const up = sizes ? theme.size : theme.plus;
    const down = sizes ? theme.size : theme.minus;
    const colours = [];
    for (let k = -STEPS; k <= STEPS; k++) colours.push(mixed(k < 0 ? down : up, Math.abs(k)));
    palettes.set(key, [...colours, theme.none]);
  }
  return palettes.get(key);
}

/** x -> [r, g, b] on a scale where `most` is the strongest; `sizes` ignores the sign. */
export function colorScale(most, sizes = false) {
  const colours = palette(sizes);
  return (x) => {
    if (!Number.isFinite(x)) return colours[2 * STEPS + 1];
    const strength = most > 0 ? Math.sqrt(Math.min(1, Math.abs(x) / most)) : 0;
    return colours[STEPS + Math.sign(x) * Math.round(STEPS * strength)];
  };
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

/** What the colours mean, in one line. */
export function legend() {
  const scale = colorScale(1);
  const patch = (x) => make("span.patch", { style: `background:${css(scale(x))}` });
  return make(
    "span.small.legend",
    {},
    "− ",
    [-1, -0.25, 0, 0.25, 1].map(patch),
    " +, by √|x|; grey: unused or nan",
  );
}
