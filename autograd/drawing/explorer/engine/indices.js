// Many short lists in two flat arrays.

/** The sums of what came before each: n + 1 numbers. */
export function prefix(counts) {
  const sums = new Int32Array(counts.length + 1);
  for (let k = 0; k < counts.length; k++) sums[k + 1] = sums[k] + counts[k];
  return sums;
}

/** A number for each item, as doubles: typed arrays' own `from` asks an iterator for each. */
export function doubles(items, number) {
  const found = new Float64Array(items.length);
  for (let k = 0; k < found.length; k++) found[k] = number(items[k]);
  return found;
}

/** Each position as often as it is counted: [2, 0, 1] -> [0, 0, 2]. */
export function repeated(counts) {
  const result = new Int32Array(counts.reduce((a, b) => a + b, 0));
  let at = 0;
  for (let k = 0; k < counts.length; k++) for (let i = 0; i < counts[k]; i++) result[at++] = k;
  return result;
}

/** For each of n keys, the positions at which it stands: items[start[key] .. start[key + 1]]. */
export function grouped(keys, n) {
  const counts = new Int32Array(n);
  for (const key of keys) if (key >= 0) counts[key]++;
  const start = prefix(counts);
  const next = start.slice();
  const items = new Int32Array(start[n]);
  for (let k = 0; k < keys.length; k++) if (keys[k] >= 0) items[next[keys[k]]++] = k;
  return { start, items };
}
