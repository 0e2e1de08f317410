/** Saves what is on the screen. */

import { drawResults, fit } from "nn-viewer/overlay.js";

/**
 * Saves a picture as PNG, in its own size.
 *
 * @param {import("./frame_source.js").Frame} frame
 * @param {boolean} withResults whether what was found is drawn on it
 */
export async function savePicture(frame, withResults) {
  const canvas = new OffscreenCanvas(frame.width, frame.height);
  const context = canvas.getContext("2d");
  context.drawImage(frame.bitmap, 0, 0, frame.width, frame.height);
  if (withResults) {
    const place = fit(frame.width, frame.height, frame.width, frame.height);
    drawResults(context, frame.results, place);
  }
  download(await canvas.convertToBlob({ type: "image/png" }), `${name(frame)}.png`);
}

/**
 * Saves what was found, one object a line, as the command writes it with `--json`.
 *
 * @param {import("./frame_source.js").Frame} frame
 * @param {string[]} capabilities that are shown
 */
export function saveJson(frame, capabilities) {
  const file = `${name(frame)}.png`;
  const lines = capabilities
    .filter((one) => frame.results[one])
    .map((one) => JSON.stringify({ file, ...frame.results[one].values }));
  download(new Blob([`${lines.join("\n")}\n`], { type: "application/json" }), `${name(frame)}.json`);
}

function name(frame) {
  return `frame_${Math.round(frame.stampMs)}`;
}

function download(blob, fileName) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = fileName;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
