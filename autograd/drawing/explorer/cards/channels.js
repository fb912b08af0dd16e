// A layer that is opened to its channels: a small map for each, a neuron with all of its samples or a
// feature map, on one scale.

import { address, shapeText } from "engine/names";
import { count } from "engine/numbers";
import { make } from "parts/dom";
import { Maps } from "parts/maps";
import { painterOf } from "parts/tensormap";

const MOST = 64; // channels
const ACROSS = 4;
const WIDTH = 62; // pixels
const LABEL = 17;
const THIN = 12; // the least height of a map

/** The channels of what a stage makes: {tensor, plane, shape}, or null where there are none to show. */
export function channelsOf(graph, stage) {
  if (stage.outputs.length !== 1) return null;
  const tensor = graph.tensors[stage.outputs[0]];
  const { shape, entries } = tensor;
  const own = shape.length > 2 ? shape.slice(-2) : shape.slice(1);
  const plane = own.reduce((a, b) => a * b, 1);
  const n = entries.length / plane;
  return n > 1 && n <= MOST && own.every((size) => size <= 64)
    ? { tensor, plane, shape: own, count: n }
    : null;
}

/** A grid of the channels: {element, width, height, update}. */
export function channelGrid(app, channels) {
  const minis = Array.from({ length: channels.count }, (_, c) => mini(app, channels, c));
  const across = Math.min(ACROSS, channels.count);
  const lines = Math.ceil(channels.count / across);
  const tall = Math.max(...minis.map((m) => m.height));
  return {
    element: make(
      "div.minis",
      {},
      minis.map((m) => m.element),
    ),
    width: across * (WIDTH + 8) + 8,
    height: lines * (tall + 6) + 8,
    update: () => {
      for (const m of minis) m.update();
    },
  };
}

function mini(app, { tensor, plane, shape }, channel) {
  const { state } = app;
  const entries = tensor.entries.subarray(channel * plane, (channel + 1) * plane);
  const maps = new Maps({ shape: shape.length ? shape : [1], width: WIDTH - 6 });
  const height = Math.max(THIN, maps.picture.height);
  maps.picture.style.cssText = `width:${maps.picture.width}px;height:${height}px`;
  const update = painterOf(app, { ...tensor, entries, scale: tensor.entries }, maps);
  const name = `[${address(tensor.shape, channel * plane)
    .slice(0, tensor.shape.length - shape.length)
    .join(",")}]`;
  const title = `${tensor.name}${name}: ${shapeText(shape)}, ${count(plane, "number")}`;
  const element = make(
    "button.mini",
    {
      title,
      onclick: () => state.select({ node: entries.find((n) => n >= 0) }),
      "aria-pressed": () => String(entries.includes(state.node)),
    },
    make("span", {}, name),
    maps.picture,
  );
  return { element, update, height: LABEL + height + 6 };
}
