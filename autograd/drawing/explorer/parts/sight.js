// Work that waits until somebody can see its result.

/** A function that calls `update()` at once while an element is in sight, else when it comes into sight. */
export function whenSeen(element, update) {
  let seen = true; // until the first word from the observer
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
