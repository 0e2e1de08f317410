/** Turn pointers and keys into strokes. */

import { PAD_HEIGHT, PAD_WIDTH } from "nn-digits/drawing.js";

const STEP = 12;
const LONG_STEP = 40;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const MARGIN = 20;

/** A stroke from a mouse, a finger or a pen: one pointer at a time. */
export class PointerPen {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{width: () => number, changed: () => void, finished: (stroke: object) => void}} on
   */
  constructor(canvas, on) {
    this.canvas = canvas;
    this.on = on;
    this.stroke = null;
    this.pointer = null;
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
      canvas.addEventListener(name, (event) => this.up(event));
    }
  }

  down(event) {
    if (this.stroke || event.button !== 0) return;
    this.pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.stroke = { width: this.on.width(), points: [this.point(event)] };
    this.on.changed();
  }

  move(event) {
    if (!this.stroke || event.pointerId !== this.pointer) return;
    const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const one of events.length ? events : [event]) {
      const point = this.point(one);
      const last = this.stroke.points[this.stroke.points.length - 1];
      if (Math.hypot(point[0] - last[0], point[1] - last[1]) >= 0.5) this.stroke.points.push(point);
    }
    this.on.changed();
  }

  up(event) {
    if (!this.stroke || event.pointerId !== this.pointer) return;
    const { stroke } = this;
    this.stroke = null;
    this.pointer = null;
    this.on.finished(stroke);
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * PAD_WIDTH;
    const y = ((event.clientY - box.top) / box.height) * PAD_HEIGHT;
    const presses = event.pointerType === "pen" && event.pressure > 0;
    return [
      round(clamp(x, -MARGIN, PAD_WIDTH + MARGIN)),
      round(clamp(y, -MARGIN, PAD_HEIGHT + MARGIN)),
      presses ? round(0.4 + 1.2 * event.pressure) : 1,
    ];
  }
}

/** A stroke from the keyboard: arrows move a cursor, the space bar holds the pen down. */
export class KeyPen {
  /** @param {{width: () => number, changed: () => void, finished: (stroke: object) => void}} on */
  constructor(on) {
    this.on = on;
    this.x = PAD_WIDTH / 2;
    this.y = PAD_HEIGHT / 4;
    this.stroke = null;
    this.held = new Set();
    this.visible = false;
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key is one of the pen */
  down(event) {
    if (event.key === " ") {
      if (!this.stroke) {
        this.stroke = { width: this.on.width(), points: [[this.x, this.y, 1]] };
      }
    } else if (ARROWS[event.key]) {
      this.held.add(event.key);
      this.move(event.shiftKey ? LONG_STEP : STEP);
    } else {
      return false;
    }
    this.visible = true;
    this.on.changed();
    return true;
  }

  /** Two arrows at a time move at an angle. */
  move(step) {
    let [dx, dy] = [0, 0];
    for (const key of this.held) {
      dx += ARROWS[key][0];
      dy += ARROWS[key][1];
    }
    this.x = clamp(this.x + step * dx, 0, PAD_WIDTH);
    this.y = clamp(this.y + step * dy, 0, PAD_HEIGHT);
    if (this.stroke) this.stroke.points.push([this.x, this.y, 1]);
  }

  up(event) {
    this.held.delete(event.key);
    if (event.key === " ") this.lift();
  }

  /** Lift the pen, also when the pad loses the keyboard. */
  lift() {
    const { stroke } = this;
    this.stroke = null;
    if (stroke) this.on.finished(stroke);
  }

  hide() {
    this.held.clear();
    this.lift();
    this.visible = false;
    this.on.changed();
  }
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

function round(value) {
  return Math.round(value * 10) / 10;
}
