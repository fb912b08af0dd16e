// How numbers are shown: on which scale, in which notation; both are part of the page's address.

import { NOTATIONS } from "engine/notation";
import { make } from "parts/dom";

const SCALES = { own: "each map on a scale of its own", one: "one scale for all maps" };

/** Let the address hold the scale and the notation. */
export function linkChoices({ state }) {
  const chosen = (name, all, key) => {
    const [usual] = all;
    state.link(name, {
      read: (text) => {
        state[key] = all.includes(text) ? text : usual;
      },
      write: () => (state[key] === usual ? null : state[key]),
    });
  };
  chosen("scale", Object.keys(SCALES), "scale");
  chosen("product", Object.keys(NOTATIONS), "notation");
}

/** Buttons: own scale, one scale. */
export function scaleButtons({ state }) {
  const button = (scale) =>
    make(
      "button",
      {
        onclick: () => state.set({ scale }),
        title: `${SCALES[scale]} (s)`,
        "aria-pressed": () => String(state.scale === scale),
      },
      `${scale} scale`,
    );
  return make("fieldset.choice", { "aria-label": "scale of the colours (s)" }, Object.keys(SCALES).map(button));
}
