/**
 * What is drawn: strokes as vectors and pictures, with undo and redo, kept over a reload.
 *
 * Coordinates are those of the pad, PAD_WIDTH x PAD_HEIGHT, however large it is on the screen.
 *
 * @typedef {{width: number, points: number[][]}} Stroke points are x, y and a factor of the width
 * @typedef {{picture: string}} Picture a data URL: PNG, light ink on black
 * @typedef {Stroke | Picture} Item
 */

export const PAD_WIDTH = 640;
export const PAD_HEIGHT = 480;
const MAX_ITEMS = 500;
const MAX_POINTS = 20000;
const MAX_STEPS = 200;
const KEY = "nn-digits-drawing";

export class Drawing {
  constructor() {
    /** @type {Item[]} */
    this.items = [];
    this.undone = [];
    this.done = [];
    this.load();
  }

  get isEmpty() {
    return this.items.length === 0;
  }

  /** Add strokes or a picture. @param {Item[]} items @returns {string} why not; empty if added */
  add(...items) {
    const all = [...this.items, ...items];
    const points = all.reduce((sum, item) => sum + (item.points ? item.points.length : 0), 0);
    if (all.length > MAX_ITEMS || points > MAX_POINTS) {
      return "The pad is full: clear it, or undo some strokes.";
    }
    this.change(all);
    return "";
  }

  /** Replace everything; undo brings it back. @param {Item[]} items */
  replace(items) {
    this.change(items);
  }

  clear() {
    if (!this.isEmpty) this.change([]);
  }

  undo() {
    if (!this.done.length) return false;
    this.undone.push(this.items);
    this.items = this.done.pop();
    this.save();
    return true;
  }

  redo() {
    if (!this.undone.length) return false;
    this.done.push(this.items);
    this.items = this.undone.pop();
    this.save();
    return true;
  }

  change(items) {
    this.done.push(this.items);
    if (this.done.length > MAX_STEPS) this.done.shift();
    this.undone = [];
    this.items = items;
    this.save();
  }

  save() {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(this.items));
    } catch {
      // The browser keeps nothing, or the drawing is too large: it stays on the page only.
    }
  }

  load() {
    try {
      const items = JSON.parse(sessionStorage.getItem(KEY) || "[]");
      if (Array.isArray(items)) this.items = items.filter(isItem).slice(0, MAX_ITEMS);
    } catch {
      this.items = [];
    }
  }
}

/** Check what comes from the storage of the browser. */
function isItem(item) {
  if (item && typeof item.picture === "string") return item.picture.startsWith("data:image/png");
  return (
    item &&
    Number.isFinite(item.width) &&
    Array.isArray(item.points) &&
    item.points.length > 0 &&
    item.points.every((point) => Array.isArray(point) && point.slice(0, 3).every(Number.isFinite))
  );
}

/**
 * Place a digit that is given as strokes.
 *
 * @param {number[][][]} strokes x and y from 0 to 1
 * @param {{left: number, top: number, height: number, width: number}} place and width of the pen
 * @returns {Stroke[]}
 */
export function placed(strokes, { left, top, height, width }) {
  return strokes.map((points) => ({
    width,
    points: points.map(([x, y]) => [left + 0.75 * height * x, top + height * y, 1]),
  }));
}
