/** A small pad: the drawing is the one of the view Digits in this tab of the browser. */

import { Drawing, PAD_HEIGHT, PAD_WIDTH } from "nn-digits/drawing.js";
import { decodePictures, paint, toBytes } from "nn-digits/painter.js";
import { KeyPen, PointerPen } from "nn-digits/pens.js";

const PEN = 26;
const SCALE = 0.5;
const CURSOR_PX = 14;

export class OwnPad {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => void} changed called after each stroke
   */
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    this.drawing = new Drawing();
    const on = {
      width: () => PEN,
      changed: () => this.paint(),
      finished: (stroke) => this.add(stroke),
    };
    this.pointer = new PointerPen(canvas, on);
    this.keys = new KeyPen(on);
    [canvas.width, canvas.height] = [PAD_WIDTH, PAD_HEIGHT];
    this.theme = new MutationObserver(() => this.paint());
    this.theme.observe(document.body, { attributeFilter: ["class"] });
    this.show();
  }

  close() {
    this.theme.disconnect();
  }

  get isEmpty() {
    return this.drawing.isEmpty;
  }

  add(stroke) {
    this.drawing.add(stroke);
    this.show();
    this.changed();
  }

  undo() {
    if (this.drawing.undo()) this.show();
    this.changed();
  }

  clear() {
    this.drawing.clear();
    this.show();
    this.changed();
  }

  /** @returns {{width: number, height: number, bytes: Uint8Array}} light ink on black */
  bytes() {
    return toBytes(this.drawing.items, SCALE);
  }

  async show() {
    await decodePictures(this.drawing.items);
    this.paint();
  }

  /** @returns {boolean} whether the key is one of the pad */
  keyDown(event) {
    if (event.key === "Delete") this.clear();
    else if (!this.keys.down(event)) return false;
    return true;
  }

  paint() {
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, PAD_WIDTH, PAD_HEIGHT);
    const dark = document.body.classList.contains("body--dark");
    const strokes = [this.pointer.stroke, this.keys.stroke].filter(Boolean);
    paint(context, [...this.drawing.items, ...strokes], dark ? "#fff" : "#111");
    if (!this.keys.visible) return;
    const { x, y } = this.keys;
    context.strokeStyle = "#e8590c";
    context.lineWidth = 3;
    context.strokeRect(x - CURSOR_PX / 2, y - CURSOR_PX / 2, CURSOR_PX, CURSOR_PX);
  }
}
