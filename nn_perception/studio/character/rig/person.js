/** A person of the source: what is seen of them, smoothed, and what fades in and out. */

import {BONES, HEAD, JOINTS, clamp} from './joints.js';
import {OneEuro} from './one_euro.js';
import {poseOf, scaleOf, sideOf} from './pose.js';

/** A joint is seen from the higher score on, until its score falls below the lower one. */
export const SEEN = 0.3;
export const LOST = 0.2;
/** Time in which a part appears or disappears. */
export const FADE_MS = 150;
const LEAVE_MS = 300;

export class Person {
  /**
   * @param {string} id
   * @param figure  from `bind`
   */
  constructor(id, figure) {
    this.id = id;
    this.figure = figure;
    this.filters = JOINTS.map(() => new OneEuro());
    this.sizeFilter = new OneEuro();
    this.seen = {};
    this.held = {};
    this.side = 0;
    this.headSide = 0;
    this.pose = null;
    this.keypoints = [];
    this.time = null;
    this.leaving = false;
    this.presence = 0;
    this.face = 1;
    this.front = 1;
    this.alphas = null;
  }

  /** Changes the drawing that moves with the person. */
  wear(figure) {
    this.figure = figure;
    this.alphas = null;
    this.held = {};
    if (this.pose) this.follow(0);
  }

  /**
   * Takes what was found in a picture.
   *
   * @param {[number, number, number][]} keypoints  x, y and score of the 17 joints
   * @param {number} time  in ms
   * @param {number} smoothness  in [0, 1]
   */
  update(keypoints, time, smoothness) {
    const seconds = this.time === null ? 0 : (time - this.time) / 1000;
    this.time = time;
    this.keypoints = keypoints;
    this.leaving = false;
    const before = this.seen;
    const size = this.scale ? this.scale * this.figure.rest.torso : 1;
    this.seen = {};
    JOINTS.forEach((name, index) => {
      const [x, y, score] = keypoints[index];
      if (!(score >= (before[name] ? LOST : SEEN))) {
        this.filters[index].reset();
        return;
      }
      if (!before[name]) this.filters[index].reset();
      this.seen[name] = this.filters[index].filter({x, y}, seconds, smoothness, size);
    });
    this.hold(before);
    this.follow(seconds, smoothness);
  }

  /** Remembers where a limb was when it got lost, while it fades. */
  hold(before) {
    for (const name of Object.keys(this.seen)) delete this.held[name];
    if (!this.pose) return;
    const {joints, across, axis, scale} = this.pose;
    for (const bone of BONES) {
      const name = bone.to;
      if (!bone.joints.length || !before[name] || this.seen[name]) continue;
      const x = joints[name].x - joints[bone.from].x;
      const y = joints[name].y - joints[bone.from].y;
      this.held[name] = {
        x: (x * across.x + y * across.y) / scale, y: (x * axis.x + y * axis.y) / scale,
      };
    }
  }

  /** Computes the pose. */
  follow(seconds, smoothness = 0) {
    const {rest} = this.figure;
    const scale = scaleOf(this.seen, rest);
    if (scale === null) return;
    this.side = sideOf(this.seen, this.side) || 1;
    const torso = scale * rest.torso;
    const size = this.sizeFilter.filter({x: torso, y: 0}, seconds, smoothness, torso);
    this.scale = size.x / rest.torso;
    this.pose = poseOf(this.seen, rest, this);
    this.headSide = this.pose.headSide;
  }

  /** The person is not in the picture any more. */
  leave() {
    this.leaving = true;
  }

  /** Whether nothing of the person is left to draw. */
  get gone() {
    return this.leaving && this.presence <= 0;
  }

  /** How much of a bone is seen: 0 or 1. */
  bonesSeen() {
    const shown = BONES.map((bone) => (bone.joints.every((name) => this.seen[name]) ? 1 : 0));
    shown[HEAD] = 1;
    return shown;
  }

  /**
   * Lets parts appear and disappear.
   *
   * @param {number} ms  since the last picture on the screen; Infinity: at once
   * @returns {boolean} whether something still changes
   */
  fade(ms) {
    if (!this.pose) return false;
    const bones = this.bonesSeen();
    const first = this.alphas === null;
    if (first) {
      this.alphas = new Float32Array(this.figure.shapes.length);
      this.wanted = new Uint8Array(this.figure.shapes.length);
    }
    let busy = false;
    const step = ms / FADE_MS;
    this.figure.shapes.forEach((shape, index) => {
      let share = 0;
      for (let bone = 0; bone < bones.length; bone += 1) share += shape.shares[bone] * bones[bone];
      this.wanted[index] = share >= (this.wanted[index] ? 0.35 : 0.5) ? 1 : 0;
      const goal = this.wanted[index];
      this.alphas[index] = first ? goal : towards(this.alphas[index], goal, step);
      busy = busy || this.alphas[index] !== goal;
    });
    // From behind, a figure has no face.
    const face = this.headSide > 0 ? 1 : 0;
    const front = this.side > 0 ? 1 : 0;
    this.face = first ? face : towards(this.face, face, step);
    this.front = first ? front : towards(this.front, front, step);
    const presence = this.leaving ? 0 : 1;
    this.presence = towards(this.presence, presence, ms / (this.leaving ? LEAVE_MS : FADE_MS));
    if (!busy) this.forget();
    return busy || this.face !== face || this.front !== front || this.presence !== presence;
  }

  /** Limbs that have faded go back to how they are drawn. */
  forget() {
    const shown = (bone) => this.figure.shapes.some((shape, index) =>
      this.alphas[index] > 0 && shape.shares[bone] > 0.15);
    const faded = Object.keys(this.held).filter((name) =>
      !shown(BONES.findIndex((bone) => bone.to === name && bone.joints.length)));
    if (!faded.length) return;
    for (const name of faded) delete this.held[name];
    this.pose = poseOf(this.seen, this.figure.rest, this);
  }
}

function towards(value, goal, step) {
  return value < goal ? clamp(value + step, 0, goal) : clamp(value - step, goal, 1);
}
