/** Turn a picture that was dropped, pasted or opened into ink. */

import { PAD_HEIGHT, PAD_WIDTH } from "nn-digits/drawing.js";
import { openPicture } from "nn-modules/open_picture.js";

const MAX_PIXELS = 40e6;
const SHARE = 0.9;
// Weaker differences from the paper are noise; stronger ones are ink as a whole.
const FAINT = 0.2;
const FULL = 0.75;

/**
 * Read a picture: whatever differs from its edge is ink, dark or light.
 *
 * @param {Blob} file
 * @returns {Promise<{picture: string}>}
 * @throws {Error} with a sentence
 */
export function readPicture(file) {
  return openPicture(file, (bitmap) => {
    if (bitmap.width * bitmap.height > MAX_PIXELS) {
      throw new Error("The picture has more than 40 megapixels.");
    }
    return { picture: toInk(bitmap) };
  });
}

function toInk(bitmap) {
  const factor = SHARE * Math.min(PAD_WIDTH / bitmap.width, PAD_HEIGHT / bitmap.height);
  const width = Math.max(1, Math.round(bitmap.width * factor));
  const height = Math.max(1, Math.round(bitmap.height * factor));
  const source = canvasOf(width, height);
  const context = source.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  const pixels = context.getImageData(0, 0, width, height);
  const ink = inkOf(pixels);
  for (let i = 0; i < ink.length; i += 1) {
    pixels.data.fill(ink[i], 4 * i, 4 * i + 3);
    pixels.data[4 * i + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
  const pad = canvasOf(PAD_WIDTH, PAD_HEIGHT);
  const onPad = pad.getContext("2d");
  onPad.fillStyle = "#000";
  onPad.fillRect(0, 0, PAD_WIDTH, PAD_HEIGHT);
  onPad.drawImage(source, (PAD_WIDTH - width) / 2, (PAD_HEIGHT - height) / 2);
  return pad.toDataURL("image/png");
}

function inkOf({ data, width, height }) {
  const grey = new Float32Array(width * height);
  for (let i = 0; i < grey.length; i += 1) {
    grey[i] = 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
  }
  const edge = [];
  for (let x = 0; x < width; x += 1) edge.push(grey[x], grey[(height - 1) * width + x]);
  for (let y = 0; y < height; y += 1) edge.push(grey[y * width], grey[y * width + width - 1]);
  const paper = edge.sort((one, other) => one - other)[edge.length >> 1];
  const contrast = grey.map((value) => Math.abs(value - paper));
  const peak = Math.max(contrast.reduce((most, value) => Math.max(most, value), 0), 16);
  return contrast.map((value) => {
    const share = (value / peak - FAINT) / (FULL - FAINT);
    return 255 * Math.min(Math.max(share, 0), 1);
  });
}

function canvasOf(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}
