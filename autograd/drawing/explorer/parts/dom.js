// Elements, made from text only: labels can never become markup. A child or an attribute that is a
// function is live: it is evaluated now, and again by refresh(). So numbers change in place, and
// what has the focus, is scrolled or ringed stays as it is.

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
    else if (typeof value === "function") live(node, () => put(node, name, value()));
    else put(node, name, value);
  }
  node.append(
    ...children
      .flat(Number.POSITIVE_INFINITY)
      .filter((c) => c !== null && c !== undefined && c !== false)
      .map((child) => (typeof child === "function" ? liveText(node, child) : child)),
  );
  return node;
}

function put(node, name, value) {
  if (value === undefined || value === null || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

function liveText(node, words) {
  const text = document.createTextNode("");
  live(node, () => {
    const now = String(words());
    if (text.data !== now) text.data = now;
  });
  return text;
}

/** Do something to an element now, and at every refresh. */
export function live(node, update) {
  node.updates ??= [];
  node.updates.push(update);
  node.setAttribute("data-live", "");
  update();
  return node;
}

/** Evaluate again all that is live within an element. */
export function refresh(root) {
  for (const node of [root, ...root.querySelectorAll("[data-live]")])
    for (const update of node.updates ?? []) update();
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
    { tabindex: 0 }, // so that keys scroll it
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
