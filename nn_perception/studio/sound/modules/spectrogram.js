import { BANDS, Mel } from "./mel.js";

const HOP = 256;
export const COLUMNS = 375; // six seconds
const SHADES = ["--nn-ground", "--nn-primary", "--nn-text"];

/**
 * Draws the last seconds of a sound on a canvas, in the colours of the page.
 *
 * It is drawn only when something was added and the tab is visible. Who wants less motion sees a
 * cursor go over a picture that stands still.
 */
export class Spectrogram {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    [canvas.width, canvas.height] = [COLUMNS, BANDS];
    this.context = canvas.getContext("2d");
    this.mel = new Mel(HOP);
    this.levels = new Uint8Array(COLUMNS * BANDS);
    this.at = 0;
    this.drawn = 0;
    this.image = this.context.createImageData(COLUMNS, BANDS);
    this.still = window.matchMedia("(prefers-reduced-motion: reduce)");
    this.recolour();
    // The theme is a class of the body.
    this.observer = new MutationObserver(() => this.recolour());
    this.observer.observe(document.body, { attributes: true, attributeFilter: ["class"] });
  }

  /** @param {Int16Array} samples that follow the ones before */
  push(samples) {
    if (document.hidden) return;
    for (const column of this.mel.push(samples)) {
      this.levels.set(column, this.at * BANDS);
      this.at = (this.at + 1) % COLUMNS;
    }
    this.request();
  }

  clear() {
    this.levels.fill(0);
    [this.at, this.mel] = [0, new Mel(HOP)];
    this.request();
  }

  request() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      this.draw();
    });
  }

  recolour() {
    this.shades = shades();
    this.request();
  }

  draw() {
    this.drawn++;
    // The newest column is on the right; without motion, where the cursor is.
    const shift = this.still.matches ? 0 : this.at;
    paint(this.image, (x) => ((x + shift) % COLUMNS) * BANDS, this.levels, this.shades);
    this.context.putImageData(this.image, 0, 0);
    if (this.still.matches) {
      this.context.fillStyle = this.shades.cursor;
      this.context.fillRect(this.at, 0, 2, BANDS);
    }
  }

  close() {
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
  }
}

/**
 * Draws a whole sound.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {Int16Array} samples
 */
export function drawSound(canvas, samples) {
  const columns = new Mel(64).push(samples);
  [canvas.width, canvas.height] = [Math.max(1, columns.length), BANDS];
  const levels = new Uint8Array(columns.length * BANDS);
  columns.forEach((column, at) => levels.set(column, at * BANDS));
  const context = canvas.getContext("2d");
  const image = context.createImageData(canvas.width, BANDS);
  if (columns.length) paint(image, (x) => x * BANDS, levels, shades());
  context.putImageData(image, 0, 0);
}

/**
 * @param {ImageData} image
 * @param {(x: number) => number} start of a column in the levels
 * @param {Uint8Array} levels
 * @param {{red: Uint8Array, green: Uint8Array, blue: Uint8Array}} colours
 */
function paint(image, start, levels, { red, green, blue }) {
  const { width, height, data } = image;
  for (let x = 0; x < width; x++) {
    const from = start(x);
    for (let y = 0; y < height; y++) {
      const level = levels[from + height - 1 - y];
      const to = 4 * (y * width + x);
      data[to] = red[level];
      data[to + 1] = green[level];
      data[to + 2] = blue[level];
      data[to + 3] = 255;
    }
  }
}

/** @returns {{red: Uint8Array, green: Uint8Array, blue: Uint8Array, cursor: string}} */
function shades() {
  const style = getComputedStyle(document.body);
  const colours = SHADES.map((name) => parse(style.getPropertyValue(name).trim()));
  const channel = (c) =>
    Uint8Array.from({ length: 256 }, (_, level) => {
      const place = (level / 255) * (colours.length - 1);
      const at = Math.min(colours.length - 2, Math.floor(place));
      return colours[at][c] + (place - at) * (colours[at + 1][c] - colours[at][c]);
    });
  const cursor = style.getPropertyValue("--nn-soft").trim() || "#888888";
  return { red: channel(0), green: channel(1), blue: channel(2), cursor };
}

/** @param {string} colour `#rrggbb` */
function parse(colour) {
  const value = Number.parseInt(colour.slice(1), 16) || 0;
  return [value >> 16, (value >> 8) & 255, value & 255];
}
