// What an arrow looks like that sends a contribution back, as in drawings: its colour is the sign of the
// contribution, its width the size, and dotted is 0.

import { THIN, WIDE } from "palette";

/** The contribution that is drawn widest: nan and inf set no scale, nor do constants. */
export function widest(contributions) {
  const most = { true: 0, false: 0 };
  for (const { contribution, constant } of contributions) {
    const size = Math.abs(contribution);
    if (size < Number.POSITIVE_INFINITY && size > most[constant]) most[constant] = size;
  }
  return most.false || most.true;
}

/** Let an arrow and its label look like what they send; `sent` is null before that. */
export function look(path, label, sent, most) {
  const sign = sent === null ? "" : sent > 0 ? "plus" : sent < 0 ? "minus" : "none";
  for (const name of ["plus", "minus", "none"])
    for (const element of [path, label]) element?.classList.toggle(name, name === sign);
  const size = sent === null ? 0 : Math.abs(sent);
  const share = Number.isNaN(size) ? 1 : most ? Math.min(1, size / most) : Number(size > 0);
  path.style.setProperty("--width", sent === null ? 1 : THIN + (WIDE - THIN) * share);
}
