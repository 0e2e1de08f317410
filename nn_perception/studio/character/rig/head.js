/** Where the head is and where it looks, from nose, eyes and ears. */

import {FACE, clamp} from './joints.js';

/** How far the points of a face lie in front of the ears, in halves of their distance. */
const DEPTH = {nose: 1.15, leftEye: 0.85, rightEye: 0.85, leftEar: 0, rightEar: 0};
const STEPS = 16;
const LARGEST_TURN = 1.3;

/**
 * Finds how a head is turned and where it is.
 *
 * The points are seen on a ball: when it turns to the side by `turn`, those in front move most.
 *
 * @param {import('./joints.js').Joints} seen  the points that are seen
 * @param {Object} human  positions of the points on a head of this size, relative to its middle
 * @param {number} half  half the distance of the ears
 * @param {number} roll  angle of the head, in radians
 */
export function fitHead(seen, human, half, roll) {
  const names = FACE.filter((name) => seen[name]);
  if (!names.length) return null;
  const [cos, sin] = [Math.cos(roll), Math.sin(roll)];
  const points = names.map((name) => {
    const {x, y} = seen[name];
    return {name, x: cos * x + sin * y, y: -sin * x + cos * y};
  });
  let best = {error: Infinity};
  for (let step = -STEPS; step <= STEPS; step += 1) {
    // One point cannot say where the head looks.
    const turn = names.length > 1 ? (step * LARGEST_TURN) / STEPS : 0;
    const offsets = points.map(({name, x}) =>
      x - human[name].x * Math.cos(turn) - DEPTH[name] * half * Math.sin(turn));
    const centre = offsets.reduce((sum, value) => sum + value, 0) / offsets.length;
    // A small preference for looking ahead decides when the points do not.
    const error = offsets.reduce((sum, value) => sum + (value - centre) ** 2, 0)
      + 0.02 * (half * turn) ** 2;
    if (error < best.error) best = {error, turn, centre};
  }
  const down = points.reduce((sum, {name, y}) => sum + y - human[name].y, 0) / points.length;
  const nod = seen.nose
    ? clamp((points.find(({name}) => name === 'nose').y - down - human.nose.y) / half, -0.5, 0.5)
    : 0;
  return {
    x: cos * best.centre - sin * down,
    y: sin * best.centre + cos * down,
    turn: best.turn, nod,
  };
}

/** The head shows its back when left and right have changed sides by this share of the torso. */
const AWAY = -0.24;
const TOWARDS = -0.12;

/**
 * Whether a head shows its face (1) or its back (-1): by the order of ears and eyes, since the
 * network also guesses where the face of somebody is who looks away.
 *
 * @param {number} before  what it was; 0: unknown
 * @param {number} side  of the body
 * @param {number} torso  its length, in pixels
 * @param {{x: number, y: number}} right  the direction that is right of an upright person
 */
export function headSideOf(seen, before, side, torso, right) {
  let width = 0;
  let pairs = 0;
  for (const [left, other] of [['leftEye', 'rightEye'], ['leftEar', 'rightEar']]) {
    if (!seen[left] || !seen[other]) continue;
    pairs += 1;
    width += (seen[left].x - seen[other].x) * right.x + (seen[left].y - seen[other].y) * right.y;
  }
  if (!pairs) return seen.nose ? 1 : before || side;
  if (width < AWAY * torso) return -1;
  if (width > TOWARDS * torso) return 1;
  return before || 1;
}

/**
 * The points of a human face relative to the middle of the ears.
 *
 * @param {number} half  half the distance of the ears
 * @param {number} side  1 if the left ear is on the right of the picture, else -1
 */
export function humanFace(half, side) {
  return {
    nose: {x: 0, y: 0.28 * half},
    leftEye: {x: 0.44 * half * side, y: -0.16 * half},
    rightEye: {x: -0.44 * half * side, y: -0.16 * half},
    leftEar: {x: half * side, y: 0},
    rightEar: {x: -half * side, y: 0},
  };
}

/**
 * Angle of a head by its eyes and ears; near pairs and a direction that is guessed count less.
 *
 * @param {{x: number, y: number}} guess  where the left of the head points, length 1
 */
export function rollOf(seen, half, side, guess) {
  let x = 0.4 * half * guess.x;
  let y = 0.4 * half * guess.y;
  for (const pair of [['leftEye', 'rightEye'], ['leftEar', 'rightEar']]) {
    const [left, right] = pair.map((name) => seen[name]);
    if (!left || !right) continue;
    x += (left.x - right.x) * side;
    y += (left.y - right.y) * side;
  }
  // Nobody looks at the camera upside down while the body stands, but points go astray.
  return x > 0 || Math.abs(guess.y) > 0.5 ? Math.atan2(y, x) : Math.atan2(guess.y, guess.x);
}

/**
 * The transform that moves the head of a figure.
 *
 * @param rest  from `restOf`
 * @param {{x: number, y: number}} place  where the middle of its ears goes
 */
export function headTransform(rest, place, roll, scale, {side, turn}) {
  // A head that looks aside is narrower.
  const width = scale * side * (0.86 + 0.14 * Math.cos(turn));
  const {leftEar, rightEar, skull} = rest.joints;
  const tilt = Math.atan2(leftEar.y - rightEar.y, leftEar.x - rightEar.x);
  const [cos, sin] = [Math.cos(roll - tilt), Math.sin(roll - tilt)];
  const [a, b, c, d] = [cos * width, sin * width, -sin * scale, cos * scale];
  return {
    a, b, c, d,
    e: place.x - a * skull.x - c * skull.y,
    f: place.y - b * skull.x - d * skull.y,
  };
}

/** Applies a transform. */
export function moved({a, b, c, d, e, f}, {x, y}) {
  return {x: a * x + c * y + e, y: b * x + d * y + f};
}
