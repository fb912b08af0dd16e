// What the kinds of cards and the arrows mean: no more than occurs.

import { ARROW_WORDS, ROLE_WORDS } from "palette";
import { make } from "parts/dom";

/** A legend for cards of some roles, and for arrows that say their contributions. */
export function cardsLegend(roles) {
  const kinds = Object.entries(ROLE_WORDS).filter(([role]) => roles.has(role));
  const { positive, negative, nothing, large, rule } = ARROW_WORDS;
  return make(
    "p.legend-line",
    { "aria-label": "legend" },
    kinds.map(([role, word]) => make("span", {}, make(`span.patch.${role}`), ` ${word}`)),
    make("span", {}, make("span.patch.plus"), ` ${positive}`),
    make("span", {}, make("span.patch.minus"), ` ${negative}`),
    [large, nothing, rule].map((words) => make("span", {}, words)),
  );
}
