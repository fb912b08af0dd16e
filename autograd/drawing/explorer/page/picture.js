// What is shown, as a picture to be kept: SVG for programs that draw, PNG for everything else.

import { themeColor } from "parts/colors";
import { make } from "parts/dom";
import { vector } from "parts/vector";

const SHARP = 2; // pixels of a PNG for each of the page
const MOST = 16_000; // pixels: browsers paint no larger ones
const PARTS = { view: "what is shown", graph: "the whole graph" };

/** Let a button and a key open the dialog; the key. */
export function pictures(app, opener) {
  const close = () => dialog.close();
  const button = (part, kind) =>
    make(
      "button",
      {
        type: "button",
        "data-picture": `${part} ${kind}`,
        "aria-label": `${PARTS[part]} as ${kind.toUpperCase()}`,
        onclick: () => save(app, part, kind).then(close),
      },
      kind.toUpperCase(),
    );
  const row = ([part, words]) => make("p", {}, `${words}: `, button(part, "svg"), " ", button(part, "png"));
  const dialog = make(
    "dialog",
    { id: "picture", "aria-label": "save a picture" },
    make("h2", {}, "Save a picture"),
    Object.entries(PARTS).map(row),
    make("button", { type: "button", onclick: close }, "Close"),
  );
  document.body.append(dialog);
  const open = () => dialog.showModal();
  opener.addEventListener("click", open);
  return { i: open };
}

async function save(app, part, kind) {
  const drawn = picture(app, part);
  const blob = kind === "svg" ? new Blob([drawn.text], { type: "image/svg+xml" }) : await painted(drawn);
  const href = URL.createObjectURL(blob);
  const name = document.title.replaceAll(/[^\p{L}\p{N}]+/gu, "-").replaceAll(/^-|-$/g, "");
  make("a", { href, download: `${name || "graph"}.${kind}` }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

/** A part of the page as SVG: the graph at its own size, or the view with all of its panes. */
export function picture({ diagram, top }, part) {
  const details = document.getElementById("details");
  const scrolled = [...document.querySelectorAll(".pane, #details, .scroll")].map((e) => [e, e.scrollTop]);
  const { view } = diagram;
  document.body.classList.add("pictured");
  if (part === "graph") diagram.natural();
  try {
    const whole = [diagram.sheet, top.querySelector(".legend-line")].filter(Boolean);
    return vector(part === "graph" ? whole : [top, details], themeColor("paper"));
  } finally {
    diagram.place(view);
    document.body.classList.remove("pictured");
    for (const [element, y] of scrolled) element.scrollTop = y;
  }
}

/** An SVG as a PNG, two pixels for each of the page. */
async function painted({ text, width, height }) {
  const scale = Math.min(SHARP, MOST / Math.max(width, height));
  const image = new Image();
  image.src = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  await image.decode();
  const canvas = make("canvas", { width: Math.round(width * scale), height: Math.round(height * scale) });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(image.src);
  return new Promise((give) => canvas.toBlob(give, "image/png"));
}
