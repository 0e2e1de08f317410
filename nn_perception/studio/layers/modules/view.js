/** The picture of the scene: drawn when something has changed, and only then. */

import { THREE } from "nicegui-scene";
import { Viewpoint } from "./viewpoint.js";

const SLOW_FRAME_MS = 30;
/** After a longer break the frames are counted anew. */
const REST_MS = 600;
const LEAST_RATIO = 0.6;
const LOST = "The graphics card has dropped the picture. It comes back by itself.";
const MISSING = "The picture needs WebGL, which this browser does not offer. "
  + "The table has the same numbers.";

/** Who computes WebGL: `card`, `processor`, or `nobody`. */
function whoDraws() {
  const context = document.createElement("canvas").getContext("webgl2");
  if (!context) return "nobody";
  const names = context.getExtension("WEBGL_debug_renderer_info");
  const name = names ? String(context.getParameter(names.UNMASKED_RENDERER_WEBGL)) : "";
  context.getExtension("WEBGL_lose_context")?.loseContext();
  return /swiftshader|llvmpipe|software|basic render/i.test(name) ? "processor" : "card";
}

/**
 * @typedef {object} ViewEvents
 * @property {(now: number) => boolean} advance moves what moves; true while it does
 * @property {() => void} drawn
 * @property {() => void} lost frees what is on the graphics card
 * @property {() => void} resized
 * @property {(framesPerSecond: number) => void} frameRate
 * @property {(sentence: string) => void} problem
 */

export class View {
  /** @param {HTMLElement} container @param {ViewEvents} events */
  constructor(container, events) {
    this.container = container;
    this.events = events;
    this.scene = new THREE.Scene();
    this.canvas = document.createElement("canvas");
    this.canvas.className = "nn-ls-canvas";
    container.append(this.canvas);
    this.pending = 0;
    this.frames = 0;
    this.lost = false;
    this.seen = true;
    this.lastFrame = -Infinity;
    this.windowStart = 0;
    this.windowFrames = 0;
    this.makeRenderer();
    this.viewpoint = new Viewpoint(this.canvas, () => {
      this.moving = true;
      this.invalidate();
    });
    this.moving = false;
    this.resizer = new ResizeObserver(() => this.resize());
    this.resizer.observe(container);
    this.watcher = new IntersectionObserver((entries) => {
      this.seen = entries[entries.length - 1].isIntersecting;
      if (this.seen) this.invalidate();
    });
    this.watcher.observe(container);
  }

  makeRenderer() {
    const drawer = whoDraws();
    this.renderer = null;
    const isQuick = drawer === "card";
    this.ratio = Math.min(window.devicePixelRatio || 1, isQuick ? 2 : 1);
    if (drawer === "nobody") {
      this.events.problem(MISSING);
      return;
    }
    this.renderer = new THREE.WebGLRenderer({ canvas: this.canvas, antialias: isQuick });
    this.renderer.setPixelRatio(this.ratio);
    this.canvas.addEventListener("webglcontextlost", () => {
      this.lost = true;
      // What belongs to the lost context cannot be freed in the next one.
      this.events.lost();
      this.events.problem(LOST);
    });
    this.canvas.addEventListener("webglcontextrestored", () => {
      this.lost = false;
      this.events.problem("");
      this.invalidate();
    });
  }

  /** The container has a size, maybe another one. */
  resize() {
    const { clientWidth: width, clientHeight: height } = this.container;
    if (!width || !height || !this.renderer) return;
    if (width === this.width && height === this.height) return;
    [this.width, this.height] = [width, height];
    this.renderer.setSize(width, height);
    this.viewpoint.setSize(width, height);
    this.events.resized();
    this.invalidate();
  }

  /** Ask for a picture. */
  invalidate() {
    if (!this.pending && !this.lost && this.renderer) {
      this.pending = requestAnimationFrame((now) => this.frame(now));
    }
  }

  frame(now) {
    this.pending = 0;
    if (!this.seen) return;
    const advancing = this.events.advance(now);
    const again = this.viewpoint.advance(now);
    this.draw();
    this.measure(now, this.moving || advancing);
    this.moving = false;
    if (advancing || again) this.invalidate();
    this.settler = this.settler && clearTimeout(this.settler);
    this.settler = setTimeout(() => this.settle(), 160);
  }

  draw() {
    this.renderer.render(this.scene, this.viewpoint.camera);
    this.frames += 1;
    this.events.drawn();
  }

  /** Count frames; while it moves too slowly, draw fewer pixels. */
  measure(now, moves) {
    const interval = now - this.lastFrame;
    this.lastFrame = now;
    if (interval > REST_MS || !moves) {
      this.windowStart = now;
      this.windowFrames = 0;
      return;
    }
    this.windowFrames += 1;
    const passed = now - this.windowStart;
    if (passed < 500) return;
    this.events.frameRate((1000 * this.windowFrames) / passed);
    const ratio = this.renderer.getPixelRatio();
    if (passed / this.windowFrames > SLOW_FRAME_MS && ratio > LEAST_RATIO) {
      this.renderer.setPixelRatio(Math.max(LEAST_RATIO, ratio * 0.8));
    }
    this.windowStart = now;
    this.windowFrames = 0;
  }

  /** Nothing moves any more: once more with all pixels. */
  settle() {
    this.settler = 0;
    this.events.frameRate(0);
    if (this.lost || this.renderer.getPixelRatio() === this.ratio) return;
    this.renderer.setPixelRatio(this.ratio);
    this.draw();
  }

  dispose() {
    cancelAnimationFrame(this.pending);
    clearTimeout(this.settler);
    this.resizer.disconnect();
    this.watcher.disconnect();
    this.viewpoint.dispose();
    if (this.renderer) {
      this.renderer.dispose();
      this.renderer.forceContextLoss();
    }
    this.canvas.remove();
  }
}
