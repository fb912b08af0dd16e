import assert from "node:assert/strict";
import { test } from "node:test";
import { DARK, LIGHT } from "palette";
import { colorScale, css, inkOn, largest, legend, onTheme, themeColor } from "parts/colors";
import { oracle, scheme } from "./browser.mjs";

const NONE = Number.NaN;

test("the ends, the middle and nan are the colours of drawings", () => {
  const scale = colorScale(1);
  assert.deepEqual(
    [-1, 0, 1, NONE].map((x) => [...scale(x)]),
    oracle.ends,
  );
});

test("colours grow with the square root of the size, and stay at their ends beyond it", () => {
  const scale = colorScale(4);
  const { zero, plus } = LIGHT.heat;
  assert.deepEqual(
    scale(1),
    zero.map((z, c) => Math.round(z + ((plus[c] - z) * 128) / 255)),
  );
  assert.deepEqual(scale(400), plus);
  assert.deepEqual(scale(Number.POSITIVE_INFINITY), plus);
  assert.deepEqual(colorScale(0)(Number.NEGATIVE_INFINITY), LIGHT.heat.minus);
  assert.deepEqual(colorScale(0)(0), zero);
});

test("sizes have no sign", () => {
  const scale = colorScale(2, true);
  assert.deepEqual(scale(-2), LIGHT.heat.size);
  assert.deepEqual(scale(2), LIGHT.heat.size);
  assert.deepEqual(scale(0), LIGHT.heat.zero);
});

test("a dark page has the dark palette", (t) => {
  scheme.matches = true;
  t.after(() => {
    scheme.matches = false;
  });
  assert.deepEqual(colorScale(1)(-1), DARK.heat.minus);
  assert.deepEqual(colorScale(1)(NONE), DARK.heat.none);
  assert.equal(themeColor("picked"), DARK.picked);
  assert.notDeepEqual(DARK.heat.zero, LIGHT.heat.zero);
});

test("views are told when the theme changes", () => {
  let told = 0;
  onTheme(() => told++);
  for (const listener of scheme.listeners) listener();
  assert.equal(told, 1);
  assert.equal(themeColor("ink"), LIGHT.ink);
});

test("ink is legible on every colour, as in drawings", () => {
  for (const [colour, ink] of oracle.inks) assert.equal(inkOn(colour), ink, String(colour));
  assert.equal(new Set(oracle.inks.map(([, ink]) => ink)).size, 2);
  assert.equal(css([1, 2, 3]), "rgb(1,2,3)");
});

test("the largest size is that of what is finite", () => {
  assert.equal(largest([1, -3, NONE, Number.POSITIVE_INFINITY]), 3);
  assert.equal(largest([]), 0);
});

test("the legend says what the state shows: from minus to plus, or sizes from 0 on", () => {
  const { minus, plus, zero, size } = LIGHT.heat;
  const state = { show: "value" };
  const said = legend(state);
  const ends = () => {
    const patches = said.all("patch").map((p) => p.attributes.style);
    return [patches[0], patches[4]];
  };
  const colours = (...ends) => ends.map((c) => `background:${css(c)}`);
  assert.deepEqual(ends(), colours(minus, plus));
  assert.match(said.textContent, /^− .*\+, by √\|x\|/);
  state.show = "|gradient|";
  for (const node of [said, ...said.all("patch")]) for (const update of node.updates ?? []) update();
  assert.deepEqual(ends(), colours(zero, size));
  assert.match(said.textContent, /^0 .*large, by √\|x\|.*not arrived$/);
});
