// Colours of numbers: blue, paper, orange, symmetric about 0; and paper to red for sizes.

import { DARK, LIGHT } from "palette";
import { make } from "parts/dom";

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const theme = () => (dark.matches ? DARK : LIGHT);

export const onTheme = (action) => dark.addEventListener("change", action);

/** A colour that all views share, such as "picked". */
export const themeColor = (name) => theme()[name];

const STEPS = 255;
const palettes = new Map();

/** The colours of a theme from the strongest minus over 0 to the strongest plus, and of nan. */
function palette(sizes) {
  const key = `${dark.matches} ${sizes}`;
  if (!palettes.has(key)) {
    const { zero, plus, minus, size, none } = theme().heat;
    const mixed = (full, k) => zero.map((z, c) => Math.round(z + ((full[c] - z) * k) / STEPS));
    const [down, up] = sizes ? [size, size] : [minus, plus];
    const colours = [];
    for (let k = -STEPS; k <= STEPS; k++) colours.push(mixed(k < 0 ? down : up, Math.abs(k)));
    palettes.set(key, [...colours, none]);
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
