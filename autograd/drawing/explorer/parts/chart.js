// Curves over time: lines in a box that is stretched to whatever room there is.

import { make, svg } from "parts/dom";

/**
 * A figure with a title and a line of each class. `update(points)` takes their [[x, y], ...]; the box
 * goes from 0 to the largest x, and from 0 to `top`, or else the largest y.
 */
export function chart(title, classes, format, top = null) {
  const paths = classes.map((name) =>
    svg("path", { class: name, fill: "none", "vector-effect": "non-scaling-stroke" }),
  );
  const box = svg("svg", { viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": true }, paths);
  const words = make("figcaption.small", {}, title);
  return {
    element: make("figure.chart", {}, words, make("div.plot", {}, box)),
    update(points) {
      const all = points.flat();
      const right = Math.max(...all.map(([x]) => x), 1e-9);
      const high = top ?? Math.max(...all.map(([, y]) => y).filter(Number.isFinite));
      paths.forEach((path, k) => {
        path.setAttribute("d", drawn(points[k], right, high));
      });
      words.textContent = all.length ? `${title}, 0 to ${format(high)}` : title;
    },
  };
}

function drawn(points, right, high) {
  const at = ([x, y]) => `${(x / right).toFixed(4)} ${(1 - Math.min(1, y / high)).toFixed(4)}`;
  const known = points.filter(([, y]) => Number.isFinite(y));
  return known.length ? `M${known.map(at).join("L")}` : "";
}
