// What follows a hand: at most once a frame, with what came last.

/** A function that calls `action` with its last arguments when the next frame is drawn. */
export function onceAFrame(action) {
  let last = null;
  return (...given) => {
    if (!last)
      requestAnimationFrame(() => {
        const now = last;
        last = null;
        action(...now);
      });
    last = given;
  };
}
