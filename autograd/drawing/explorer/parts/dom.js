// Elements, made from text only: labels can never become markup.

const SVG = "http://www.w3.org/2000/svg";

/** make("button.chip", {title, onclick}, "text", child, ...) */
export function make(what, attributes = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(" ");
  return filled(node, attributes, children);
}

/** An SVG element; classes as one attribute. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(
    ...children.flat(Number.POSITIVE_INFINITY).filter((c) => c !== null && c !== undefined && c !== false),
  );
  return node;
}

/** A table of rows; the first row is its head. */
export function table(head, rows) {
  const cells = (tag, row) =>
    make(
      "tr",
      {},
      row.map((cell) => make(tag, {}, cell)),
    );
  return make(
    "div.scroll",
    {},
    make(
      "table",
      {},
      make("thead", {}, cells("th", head)),
      make(
        "tbody",
        {},
        rows.map((row) => cells("td", row)),
      ),
    ),
  );
}
