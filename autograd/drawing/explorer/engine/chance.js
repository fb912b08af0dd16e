// Random numbers that a seed repeats: the generator of Park and Miller (1988), with their later
// multiplier. Every product is an integer that a double holds exactly.

const MODULUS = 2 ** 31 - 1;
const MULTIPLIER = 48271;

/** A function that gives the next number, 0 <= u < 1. */
export function uniform(seed) {
  let state = (Math.abs(Math.trunc(seed)) % (MODULUS - 1)) + 1;
  return () => {
    state = (state * MULTIPLIER) % MODULUS;
    return (state - 1) / (MODULUS - 1);
  };
}

/** The items in another order (Fisher, Yates; Durstenfeld 1964), always the same for a seed. */
export function shuffled(items, seed, next = uniform(seed)) {
  const order = [...items];
  for (let k = order.length - 1; k > 0; k--) {
    const other = Math.floor(next() * (k + 1));
    [order[k], order[other]] = [order[other], order[k]];
  }
  return order;
}
