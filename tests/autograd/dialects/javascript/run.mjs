// node run.mjs MODULE COUNTS POINTS RESULTS: files of a module, of JSON, and of doubles.

import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { evaluate } from "./evaluate.mjs";

const [module, counts, points, results] = process.argv.slice(2);
const { PRIMITIVES } = await import(pathToFileURL(module));
const bytes = readFileSync(points);
const doubles = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
writeFileSync(results, evaluate(PRIMITIVES, JSON.parse(readFileSync(counts, "utf8")), doubles));
