// The import map of the page, for node: `engine/graph` is
// explorer/engine/graph.js, `palette` is generated.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { EXPLORER, FIXTURES } = process.env;

export async function resolve(name, context, next) {
  if (!/^[a-z]+(\/[a-z]+)?$/.test(name)) return next(name, context);
  const path = [FIXTURES, EXPLORER].map((folder) => join(folder, `${name}.js`)).find(existsSync);
  return path ? { url: pathToFileURL(path).href, format: "module", shortCircuit: true } : next(name, context);
}

export async function load(url, context, next) {
  if (context.format !== "module" || !url.endsWith(".js")) return next(url, context);
  return { format: "module", source: readFileSync(new URL(url), "utf8"), shortCircuit: true };
}
