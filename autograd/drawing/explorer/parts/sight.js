// Work that waits until somebody can see its result.

/** A function that calls `update()` while an element is in sight, else as soon as it comes into sight. */
export function whenSeen(element, update) {
  let seen = false;
  let late = false;
  new IntersectionObserver((entries) => {
    seen = entries.at(-1).isIntersecting;
    if (!seen || !late) return;
    late = false;
    update();
  }).observe(element);
  return () => {
    late = !seen;
    if (seen) update();
  };
}
