// Modules of modules: the calls of layers as a tree, of which some are opened, and others one card.
// Many calls of one path, such as the steps of a recurrence, are first one card too.

const DOZEN = 12; // cards that are shown without anybody opening anything
const MOST = 60; // parts side by side; beyond, those of one path are one

/**
 * The tree `top` of items {name, title, kind, stages}, in the order of stages: an item is one
 * stage, or it has `parts`. A name tells an item with parts from all others.
 */
export class Nesting {
  constructor({ header, stages }) {
    const named = new Map();
    const unique = (title) => {
      const times = (named.get(title) ?? 0) + 1;
      named.set(title, times);
      return times > 1 ? `${title} (${times})` : title;
    };
    const root = { parts: [] };
    const made = new Map();
    const around = stages.map((stage) => enclosing(header.calls, stage.call));
    const inner = new Set(around.flatMap((calls) => calls.slice(0, -1)));
    const itemOf = (k, outer) => {
      if (!made.has(k)) {
        const { path, kind } = header.calls[k];
        made.set(k, { name: unique(path), title: path, kind, parts: [] });
        outer.parts.push(made.get(k));
      }
      return made.get(k);
    };
    stages.forEach((stage, s) => {
      let at = root;
      for (const k of around[s]) if (inner.has(k)) at = itemOf(k, at);
      at.parts.push({ title: stage.title, kind: stage.kind, stages: [stage] });
    });
    this.top = tidied(root, unique).parts;
    this.usual = this.#usual();
  }

  /** What is open at first: whole levels, while there are no more than a dozen cards. */
  #usual() {
    let opened = [];
    for (;;) {
      const closed = this.visible(opened).items.filter((item) => item.parts);
      const next = [...opened, ...closed.map((item) => item.name)];
      if (!closed.length || this.visible(next).items.length > DOZEN) return opened;
      opened = next;
    }
  }

  /** Where some are open: {items: those that are cards, frames: [{item, items, depth}]}. */
  visible(opened) {
    const open = new Set(opened);
    const frames = [];
    const walk = (item, depth) => {
      if (!item.parts || !open.has(item.name)) return [item];
      const frame = { item, depth };
      frames.push(frame);
      frame.items = item.parts.flatMap((part) => walk(part, depth + 1));
      return frame.items;
    };
    return { items: this.top.flatMap((item) => walk(item, 0)), frames };
  }

  /** The items around a stage, the outermost first. */
  around(stage) {
    const found = [];
    let items = this.top;
    for (;;) {
      const item = items.find((i) => i.parts && i.stages.includes(stage));
      if (!item) return found;
      found.push(item);
      items = item.parts;
    }
  }
}

/** The calls around a call and itself, the outermost first; the model, without a path, is no part. */
function enclosing(calls, k) {
  const found = [];
  for (let at = k; at >= 0; at = calls[at].parent) if (calls[at].path) found.unshift(at);
  return found;
}

/** An item with its stages; one that has a single part is that part. */
function tidied(item, unique) {
  if (!item.parts) return item;
  const parts = item.parts.map((part) => tidied(part, unique));
  if (item.name && parts.length === 1) return parts[0];
  const few = parts.length <= MOST ? parts : gathered(parts, unique);
  return { ...item, parts: few, stages: parts.flatMap((part) => part.stages) };
}

/** Items of one path and kind as one, in the order of the first of each. */
function gathered(parts, unique) {
  const found = new Map();
  for (const part of parts) {
    const path = part.stages.length === 1 ? part.stages[0].path || part.kind : part.title;
    const key = `${path} ${part.kind}`;
    const item = found.get(key) ?? { title: path, kind: part.kind, parts: [] };
    item.parts.push(part);
    found.set(key, item);
  }
  return [...found.values()].map((item) => {
    if (item.parts.length === 1) return item.parts[0];
    const stages = item.parts.flatMap((part) => part.stages);
    return { ...item, name: unique(item.title), calls: item.parts.length, stages };
  });
}
