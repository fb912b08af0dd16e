// How numbers are shown: on which scale, in which notation; both are part of the page's address.

import { NOTATIONS } from "engine/notation";
import { make } from "parts/dom";

const SCALES = ["own", "one"];

/** Let the address hold the scale and the notation. */
export function linkChoices({ state }) {
  const linked = (name, key, all) =>
    state.link(name, {
      read: (text) => {
        state[key] = all.includes(text) ? text : all[0];
      },
      write: () => (state[key] === all[0] ? null : state[key]),
    });
  linked("scale", "scale", SCALES);
  linked("product", "notation", Object.keys(NOTATIONS));
}

/** A button: one scale of colours for all maps, or one for each. */
export function scaleButton({ state }) {
  const button = make(
    "button.scale",
    {
      onclick: () => turnScale(state),
      title: "all heat maps on one scale, so that they can be compared; else each on its own (s)",
    },
    "one scale",
  );
  const update = () => button.setAttribute("aria-pressed", state.scale === "one");
  state.onChange(update);
  update();
  return button;
}

export const turnScale = (state) => state.set({ scale: state.scale === "one" ? "own" : "one" });
