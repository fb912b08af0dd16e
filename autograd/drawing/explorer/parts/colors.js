// Colours of numbers: blue, paper, orange, symmetric about 0; and paper to red for sizes.

import { DARK, LIGHT, ON_DARK, ON_LIGHT } from "palette";
import { make } from "parts/dom";

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const theme = () => (dark.matches ? DARK : LIGHT);

export const isDark = () => dark.matches;
export const onTheme = (action) => dark.addEventListener("change", action);

/** A colour that all views share, such as "picked". */
export const themeColor = (name) => theme()[name];

/** [r, g, b] of #rrggbb. */
export const channels = (hex) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));

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

/** x -> [r, g, b] on a scale where `most` is the strongest, as is inf; `sizes` ignores the sign. */
export function colorScale(most, sizes = false) {
  const colours = palette(sizes);
  return (x) => {
    if (Number.isNaN(x)) return colours[2 * STEPS + 1];
    const strength = x ? Math.sqrt(Math.min(1, Math.abs(x) / most)) : 0;
    return colours[STEPS + Math.sign(x) * Math.round(STEPS * strength)];
  };
}

/** A colour of the theme as [r, g, b]. */
export const rgb = (hex) => [1, 3, 5].map((k) => Number.parseInt(hex.slice(k, k + 2), 16));

export const css = ([r, g, b]) => `rgb(${r},${g},${b})`;

/** Black or white, whichever is more legible on a colour: `ink_on` of drawings. */
export function inkOn(colour) {
  const [r, g, b] = colour.map((c) =>
    c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.177 ? ON_LIGHT : ON_DARK;
}

/** The largest size among numbers. */
export function largest(numbers) {
  let most = 0;
  for (const x of numbers) if (Number.isFinite(x) && Math.abs(x) > most) most = Math.abs(x);
  return most;
}

const SIGNED = [-1, -0.25, 0, 0.25, 1];
const SIZES = [0, 0.06, 0.25, 0.56, 1];

/** What the colours mean, in one line, for what the state shows. */
export function legend(state) {
  const sizes = () => state.show === "|gradient|";
  const colour = (k) => css(colorScale(1, sizes())((sizes() ? SIZES : SIGNED)[k]));
  return make(
    "span.small.legend",
    {},
    () => (sizes() ? "0 " : "− "),
    SIGNED.map((_, k) => make("span.patch", { style: () => `background:${colour(k)}` })),
    () => `${sizes() ? " large" : " +"}, by √|x|${state.scale === "one" ? ", one scale for all maps" : ""}`,
    "; grey: unused or nan",
    make(
      "span",
      { hidden: () => state.show === "value" && state.time >= 0 },
      "; ",
      make("span.patch.waiting"),
      " not arrived",
    ),
  );
}
