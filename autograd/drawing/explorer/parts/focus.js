// Who works with keys alone must not be sent back to the start of the page when a part is made anew.

const KEYS = ["data-box", "data-key", "data-tensor", "data-node", "id"];
const HEADINGS = [".selected", "h2", "[data-box]"];

/**
 * Remember what has the focus within an element that is about to be made anew; the function that
 * is returned gives the focus to its successor: what has the same key, else a heading.
 */
export function heldFocus(root) {
  const held = document.activeElement;
  if (!held || held === root || !root.contains(held)) return () => {};
  const paths = keyed(held, root);
  return () => {
    if (document.activeElement !== document.body) return; // it went elsewhere by itself
    const found = paths.map((path) => root.querySelector(path)).find(Boolean);
    focus(found ?? HEADINGS.map((path) => root.querySelector(path)).find(Boolean) ?? root);
  };
}

/** Selectors of an element, from itself outwards: `[data-tensor="conv1"] canvas.overlay`. */
function keyed(element, root) {
  const paths = [];
  const own = element.tagName.toLowerCase();
  for (let at = element; at && at !== root; at = at.parentElement)
    for (const key of KEYS) {
      if (!at.hasAttribute(key)) continue;
      const selector = `[${key}="${CSS.escape(at.getAttribute(key))}"]`;
      paths.push(at === element ? selector : `${selector} ${own}`);
    }
  return paths;
}

function focus(element) {
  if (element.tabIndex < 0 && !element.hasAttribute("tabindex")) element.setAttribute("tabindex", "-1");
  element.focus({ preventScroll: true });
}
