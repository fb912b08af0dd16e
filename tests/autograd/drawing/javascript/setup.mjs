// Loaded before every test (`node --import`): bare names are the page's modules, as in its import map,
// and there is as much of a browser as they touch.

import { register } from "node:module";

register("./resolve.mjs", import.meta.url);
await import("./browser.mjs");
