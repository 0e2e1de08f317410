/** Mouse, touch and keyboard over the scene. */

const STILL_PX = 6;
const TURN = 0.12;

/**
 * @typedef {object} PointerEvents
 * @property {(x: number, y: number) => void} over
 * @property {() => void} out
 * @property {(x: number, y: number) => void} click
 * @property {(step: number) => void} select the next or previous layer
 * @property {(name: string) => void} move the selected element: `left`, `right`, `up`, `down`
 * @property {() => void} toggle the selected layer
 * @property {() => void} activate the selected element
 * @property {() => void} reset
 */

export class Pointer {
  /** @param {import("./view.js").View} view @param {PointerEvents} events */
  constructor(view, events) {
    this.view = view;
    this.events = events;
    this.down = null;
    this.waiting = 0;
    this.listeners = {
      pointerdown: (event) => (this.down = [event.offsetX, event.offsetY]),
      pointermove: (event) => this.move(event),
      pointerup: (event) => this.up(event),
      pointerleave: (event) => this.leave(event),
      pointercancel: () => (this.down = null),
      keydown: (event) => this.key(event),
    };
    for (const [name, listener] of Object.entries(this.listeners)) {
      view.canvas.addEventListener(name, listener);
    }
  }

  move(event) {
    if (event.buttons) return;
    this.at = [event.offsetX, event.offsetY];
    this.waiting = this.waiting || requestAnimationFrame(() => {
      this.waiting = 0;
      if (this.at) this.events.over(...this.at);
    });
  }

  up(event) {
    const { down } = this;
    this.down = null;
    if (!down || event.button !== 0) return;
    const moved = Math.hypot(event.offsetX - down[0], event.offsetY - down[1]);
    if (moved <= STILL_PX) this.events.click(event.offsetX, event.offsetY);
  }

  leave({ pointerType }) {
    this.at = null;
    // A finger that is lifted leaves: what it asked stays.
    if (pointerType === "touch") return;
    this.events.out();
  }

  key(event) {
    const action = this.actionOf(event);
    if (!action || event.altKey || event.metaKey) return;
    event.preventDefault();
    action();
  }

  actionOf({ key, shiftKey, ctrlKey }) {
    const { view, events } = this;
    const [, arrow] = key.match(/^Arrow(.*)$/) || [];
    if (arrow) return () => this.arrow(arrow.toLowerCase(), shiftKey, ctrlKey);
    if (ctrlKey) return null;
    return {
      "+": () => view.viewpoint.zoom(1 / 1.15),
      "=": () => view.viewpoint.zoom(1 / 1.15),
      "-": () => view.viewpoint.zoom(1.15),
      Home: () => events.reset(),
      PageDown: () => events.select(1),
      PageUp: () => events.select(-1),
      Enter: () => (shiftKey ? events.activate() : events.toggle()),
      " ": () => events.activate(),
      Escape: () => events.out(),
    }[key];
  }

  arrow(name, shift, control) {
    const [x, y] = { left: [-1, 0], right: [1, 0], up: [0, 1], down: [0, -1] }[name];
    if (shift) this.events.move(name);
    else if (control) this.view.viewpoint.pan(0.1 * x, 0.1 * y);
    else this.view.viewpoint.turn(-TURN * x, TURN * -y);
  }

  dispose() {
    cancelAnimationFrame(this.waiting);
    for (const [name, listener] of Object.entries(this.listeners)) {
      this.view.canvas.removeEventListener(name, listener);
    }
  }
}
