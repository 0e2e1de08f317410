/** The stage: a picture, and the people in it as figures. Drawn only while something changes. */

import {bind} from './binding.js';
import {Cast} from './cast.js';
import {paintCurves, paintKeypoints, paintSkeleton} from './overlays.js';
import {paintPerson} from './painter.js';
import {paintIdle} from './thumbnail.js';
import {KeypointLog, VideoLog, isPerson} from './recording.js';

const LONGEST_SIDE = 1280;
const SHORTEST_SIDE = 480;

export const DEFAULTS = {
  figures: true, picture: true, dimmed: true, keypoints: false, skeleton: false, curves: false,
  mirrored: false, smoothness: 0.5,
};

export class Stage {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext('2d');
    this.cast = new Cast();
    this.options = {...DEFAULTS};
    this.image = null;
    this.size = {width: 640, height: 480};
    this.models = [];
    this.choice = 'all';
    /** Before there is a source, the figures stand on the stage. */
    this.idle = true;
    this.waiting = [];
    this.request = null;
    this.lastTime = null;
    this.stillFades = !matchMedia('(prefers-reduced-motion: reduce)').matches;
    /** Time that the last frames took to draw, in ms. */
    this.costs = [];
    this.frames = 0;
    this.log = null;
    this.fit();
  }

  /** Sets the figures: models as the server sends them. */
  setFigures(models) {
    this.models = models.map((model) => ({name: model.name, figure: bind(model)}));
    this.waiting = models.slice(0, 4);
    this.choose(this.choice);
  }

  /** Adds a figure, or replaces the one of its name. */
  addFigure(model) {
    const figure = {name: model.name, figure: bind(model)};
    const place = this.models.findIndex(({name}) => name === model.name);
    this.models.splice(place < 0 ? this.models.length : place, 1, figure);
    this.choose(model.name);
  }

  /** Chooses who is drawn: the name of a figure, or `all`: another one for each person. */
  choose(name) {
    const chosen = this.models.filter((model) => model.name === name);
    this.choice = chosen.length ? name : 'all';
    this.cast.setFigures((chosen.length ? chosen : this.models).map(({figure}) => figure));
    this.cast.fade(Infinity);
    this.invalidate();
  }

  setOptions(options) {
    Object.assign(this.options, options);
    this.invalidate();
  }

  /**
   * Shows a picture.
   *
   * @param {CanvasImageSource|null} image  null: none, only the size of the stage
   */
  setImage(image, width, height) {
    if (!(width > 0 && height > 0)) return;
    this.image = image;
    if (width !== this.size.width || height !== this.size.height) {
      this.size = {width, height};
      this.fit();
    }
    this.invalidate();
  }

  /**
   * Moves the figures.
   *
   * @param {{id?: string, score?: number, keypoints: [number, number, number][]}[]} people
   * @param {number} time  of the picture, in ms
   */
  setPeople(people, time) {
    const valid = people.filter(isPerson);
    this.cast.update(valid, time, this.options.smoothness);
    this.log?.keypoints.add(valid, time);
    this.invalidate();
  }

  /** Another source: nobody is in view, and nobody fades. */
  clear() {
    this.cast.clear();
    this.image = null;
    this.invalidate();
  }

  /** Begins to record; returns a sentence if only keypoints can be recorded. */
  startRecording() {
    this.log = {keypoints: new KeypointLog(this.size.width, this.size.height), video: null};
    try {
      this.log.video = new VideoLog(this.canvas);
      this.invalidate();
      return '';
    } catch (error) {
      return error.message;
    }
  }

  /** Ends the recording; returns its files. */
  async stopRecording() {
    const {keypoints, video} = this.log;
    this.log = null;
    return {keypoints: keypoints.blob(), video: video ? await video.stop() : null};
  }

  /** Makes the canvas as large as the picture, within limits. */
  fit() {
    const {width, height} = this.size;
    const longest = Math.max(width, height);
    const factor = longest > LONGEST_SIDE ? LONGEST_SIDE / longest
      : Math.max(1, SHORTEST_SIDE / longest);
    this.factor = factor;
    this.canvas.width = Math.max(1, Math.round(width * factor));
    this.canvas.height = Math.max(1, Math.round(height * factor));
  }

  invalidate() {
    this.request ??= requestAnimationFrame((now) => this.frame(now));
  }

  frame(now) {
    this.request = null;
    const passed = this.lastTime === null ? 16 : Math.min(now - this.lastTime, 100);
    const busy = this.cast.fade(this.stillFades ? passed : Infinity);
    const start = performance.now();
    this.draw();
    this.costs.push(performance.now() - start);
    if (this.costs.length > 300) this.costs.shift();
    this.frames += 1;
    this.lastTime = busy ? now : null;
    if (busy) this.invalidate();
  }

  draw() {
    const {context, canvas, options} = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.globalAlpha = 1;
    this.paintFloor();
    const factor = this.factor;
    context.setTransform(options.mirrored ? -factor : factor, 0, 0, factor,
      options.mirrored ? canvas.width : 0, 0);
    if (this.idle && !this.image) paintIdle(context, this.waiting, this.size);
    if (this.image && options.picture) this.paintPicture();
    const pixel = Math.max(canvas.width, canvas.height) / 640 / factor;
    for (const person of this.cast.inOrder()) {
      if (options.figures) paintPerson(context, person);
      if (options.curves) paintCurves(context, person, pixel);
      if (options.skeleton) paintSkeleton(context, person, pixel);
      if (options.keypoints) paintKeypoints(context, person, pixel);
    }
    context.globalAlpha = 1;
  }

  /** The background: a wall and a floor. */
  paintFloor() {
    const {context, canvas: {width, height}} = this;
    const style = getComputedStyle(this.canvas);
    const color = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
    context.fillStyle = color('--stage-wall', '#e7f5ff');
    context.fillRect(0, 0, width, height);
    context.fillStyle = color('--stage-floor', '#d0ebff');
    context.beginPath();
    context.ellipse(width / 2, height * 1.1, width * 1.5, height * 0.3, 0, 0, 2 * Math.PI);
    context.fill();
  }

  paintPicture() {
    const {context, size: {width, height}} = this;
    try {
      context.drawImage(this.image, 0, 0, width, height);
    } catch {
      // A picture that was closed in between; the next one comes.
      return;
    }
    if (!this.options.dimmed) return;
    context.fillStyle = 'rgba(16, 20, 26, 0.55)';
    context.fillRect(0, 0, width, height);
  }

  dispose() {
    if (this.request !== null) cancelAnimationFrame(this.request);
    this.cast.clear();
  }
}
