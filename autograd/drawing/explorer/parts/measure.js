// How wide texts are before they are drawn, so that no number is cut.

let context;
let family;

/** The width of a text in pixels, in the page's font; the font's style is CSS: `bold 14px`. */
export function textWidth(text, style = "14px") {
  context ??= document.createElement("canvas").getContext("2d");
  family ??= getComputedStyle(document.documentElement).fontFamily;
  context.font = `${style} ${family}`;
  return Math.ceil(context.measureText(text).width);
}

/** The longest number that `short` writes. */
export const LONGEST = "−8.888e-308";
