/** Paint a drawing on a canvas. */

import { PAD_HEIGHT, PAD_WIDTH } from "nn-digits/drawing.js";

/** Pictures that are decoded, and the promise of those that are not yet. */
const pictures = new Map();
const MAX_PICTURES = 20;

/** Decode the pictures of a drawing. @param {import("./drawing.js").Item[]} items */
export async function decodePictures(items) {
  await Promise.all(items.filter((item) => item.picture).map((item) => decoded(item.picture)));
}

async function decoded(address) {
  if (pictures.has(address)) return;
  const image = new Image();
  image.src = address;
  try {
    await image.decode();
  } catch {
    return;
  }
  if (pictures.size >= MAX_PICTURES) pictures.delete(pictures.keys().next().value);
  pictures.set(address, image);
}

/**
 * Paint items, with a transform that maps the pad to the canvas already set.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {import("./drawing.js").Item[]} items
 * @param {string} ink colour
 */
export function paint(context, items, ink) {
  context.lineCap = "round";
  context.lineJoin = "round";
  context.strokeStyle = ink;
  context.fillStyle = ink;
  for (const item of items) {
    if (item.picture) paintPicture(context, item, ink);
    else paintStroke(context, item);
  }
}

function paintStroke(context, { width, points }) {
  const [[x, y, first]] = points;
  if (points.length === 1) {
    context.beginPath();
    context.arc(x, y, (width * first) / 2, 0, 2 * Math.PI);
    context.fill();
    return;
  }
  if (points.every((point) => point[2] === first)) {
    context.lineWidth = width * first;
    context.beginPath();
    context.moveTo(x, y);
    for (let i = 1; i < points.length - 1; i += 1) {
      const [here, next] = [points[i], points[i + 1]];
      context.quadraticCurveTo(here[0], here[1], (here[0] + next[0]) / 2, (here[1] + next[1]) / 2);
    }
    context.lineTo(...points[points.length - 1].slice(0, 2));
    context.stroke();
    return;
  }
  for (let i = 1; i < points.length; i += 1) {
    const [before, here] = [points[i - 1], points[i]];
    context.lineWidth = (width * (before[2] + here[2])) / 2;
    context.beginPath();
    context.moveTo(before[0], before[1]);
    context.lineTo(here[0], here[1]);
    context.stroke();
  }
}

/** A picture is light ink on black: its light becomes the opacity of the colour. */
function paintPicture(context, item, ink) {
  const image = pictures.get(item.picture);
  if (!image) return;
  item.tinted = item.tinted || new Map();
  if (!item.tinted.has(ink)) item.tinted.set(ink, tinted(image, ink));
  context.drawImage(item.tinted.get(ink), 0, 0, PAD_WIDTH, PAD_HEIGHT);
}

function tinted(image, ink) {
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < pixels.data.length; i += 4) pixels.data[i + 3] = pixels.data[i];
  context.putImageData(pixels, 0, 0);
  context.globalCompositeOperation = "source-in";
  context.fillStyle = ink;
  context.fillRect(0, 0, canvas.width, canvas.height);
  return canvas;
}

/**
 * Return the drawing as the networks get it: light ink on black, one byte a pixel.
 *
 * @param {import("./drawing.js").Item[]} items
 * @param {number} scale pixels per unit of the pad
 * @returns {{width: number, height: number, bytes: Uint8Array}}
 */
export function toBytes(items, scale) {
  const [width, height] = [PAD_WIDTH * scale, PAD_HEIGHT * scale];
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#000";
  context.fillRect(0, 0, width, height);
  context.scale(scale, scale);
  paint(context, items, "#fff");
  const { data } = context.getImageData(0, 0, width, height);
  const bytes = new Uint8Array(width * height);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = data[4 * i];
  return { width, height, bytes };
}

/** Return the drawing as a PNG file, dark on white. @returns {Promise<Blob>} */
export function toPng(items) {
  const canvas = document.createElement("canvas");
  canvas.width = 2 * PAD_WIDTH;
  canvas.height = 2 * PAD_HEIGHT;
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.scale(2, 2);
  paint(context, items, "#000");
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
