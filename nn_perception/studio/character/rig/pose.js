/** The skeleton that a figure takes on: the person's joints, with sensible proportions. */

import {LIMBS, clamp, distance, middle} from './joints.js';
import {fitHead, headSideOf, headTransform, humanFace, moved, rollOf} from './head.js';

/** Usual measures of people, in lengths of the torso (middle of the shoulders to the hips). */
const HUMAN = {shoulders: 0.72, hips: 0.42, ears: 0.32, neck: 0.5};
/** A torso is never drawn narrower or wider than this, relative to how the figure is drawn. */
const NARROWEST = 0.6;
const WIDEST = 1.2;
/** A limb is never drawn shorter or longer than this, relative to how the figure is drawn. */
const SHORTEST = 0.12;
const LONGEST = 2.6;
/** The person turns round when the shoulders have changed sides by this share of the torso. */
const TURNED = 0.15;

const sum = (p, q, share = 1) => ({x: p.x + share * q.x, y: p.y + share * q.y});
const minus = (p, q) => ({x: p.x - q.x, y: p.y - q.y});
const unit = (p, otherwise) => {
  const length = Math.hypot(p.x, p.y);
  return length > 1e-6 ? {x: p.x / length, y: p.y / length} : otherwise;
};
const DOWN = {x: 0, y: 1};

/** The side on which the left shoulder is: 1 for a person who faces the camera, else -1. */
export function sideOf(seen, before) {
  const {leftShoulder: left, rightShoulder: right} = seen;
  if (!left || !right) return before;
  const {leftHip, rightHip} = seen;
  const hips = leftHip && rightHip ? middle(leftHip, rightHip) : null;
  const down = hips ? unit(minus(hips, middle(left, right)), DOWN) : DOWN;
  const width = (left.x - right.x) * down.y - (left.y - right.y) * down.x;
  const torso = hips ? distance(hips, middle(left, right)) : distance(left, right) / HUMAN.shoulders;
  if (Math.abs(width) < TURNED * torso) {
    return before || headSideOf(seen, 0, 1, torso, {x: 1, y: 0});
  }
  return width < 0 ? -1 : 1;
}

/** Pixels of the image for a unit of the drawing; null if too little of the person is seen. */
export function scaleOf(seen, rest) {
  const between = (one, other) => (seen[one] && seen[other] ? distance(seen[one], seen[other]) : 0);
  const shoulders = between('leftShoulder', 'rightShoulder') / HUMAN.shoulders;
  const left = between('leftShoulder', 'leftHip');
  const right = between('rightShoulder', 'rightHip');
  const torso = Math.max(left && right ? (left + right) / 2 : Math.max(left, right), 0.85 * shoulders);
  const head = Math.max(
    between('leftEar', 'rightEar') / HUMAN.ears,
    between('leftEye', 'rightEye') / (0.44 * HUMAN.ears),
    Math.max(between('leftEye', 'leftEar'), between('rightEye', 'rightEar')) / (0.62 * HUMAN.ears),
  );
  const size = torso ? Math.max(torso, Math.min(0.6 * head, 1.6 * torso)) : head;
  const legs = Math.max(between('leftHip', 'leftKnee'), between('rightHip', 'rightKnee')) / 0.85;
  return (size || legs) / rest.torso || null;
}

/**
 * The pose of a figure.
 *
 * @param {import('./joints.js').Joints} seen  the joints that are seen, smoothed
 * @param rest  from `restOf`
 * @param {{scale: number, side: number, held: Object}} person  what is known of the person;
 *     `held`: offsets of joints that have just been lost, relative to the torso;
 *     `headSide`: what it was before, see `headSideOf`
 * @returns the joints, the scale and side, the transform of the head, and the parts that are
 *     `behind` the torso
 */
export function poseOf(seen, rest, person) {
  const {scale, side} = person;
  const torso = torsoOf(seen, rest, scale, side);
  const joints = {...torso.joints};
  const placed = {...joints};
  const {axis, across} = torso;
  // From offsets in the drawing to the image, as the torso lies.
  const fromRest = (p) => sum({x: across.x * p.x * scale, y: across.y * p.x * scale}, axis, p.y * scale);
  for (const limb of LIMBS) {
    const {joint, parent, next} = limb;
    const drawn = minus(rest.joints[joint], rest.joints[parent]);
    let offset;
    if (seen[joint]) offset = minus(seen[joint], placed[parent]);
    else if (next && seen[next]) offset = minus(middle(placed[parent], seen[next]), placed[parent]);
    else offset = fromRest(person.held[joint] || drawn);
    joints[joint] = placed[joint] = limited(placed[parent], offset, drawn, scale, fromRest);
  }
  const size = scale * rest.torso;
  const right = {x: axis.y, y: -axis.x};
  const headSide = headSideOf(seen, person.headSide, side, size, right);
  const head = headOf(seen, rest, {scale, side: headSide, right, ...torso});
  joints.chin = moved(head.transform, rest.joints.chin);
  for (const name of ['nose', 'leftEye', 'rightEye', 'leftEar', 'rightEar', 'skull']) {
    joints[name] = moved(head.transform, rest.joints[name]);
  }
  return {
    joints, scale, side, headSide, axis, across, head: head.transform, turn: head.turn,
    nod: head.nod, behind: armsBehind(torso.narrow, side, head.turn),
  };
}

/** The arms that the torso hides: both of a person who looks away, one of a person seen aside. */
function armsBehind(narrow, side, turn) {
  if (side < 0) return ['leftArm', 'rightArm'];
  if (!narrow || Math.abs(turn) < 0.4) return [];
  return [turn > 0 ? 'leftArm' : 'rightArm'];
}

/** Ends a limb where it is seen, unless it would be much too long or vanish. */
function limited(from, offset, drawn, scale, fromRest) {
  const usual = Math.hypot(drawn.x, drawn.y) * scale;
  const length = Math.hypot(offset.x, offset.y);
  const wanted = clamp(length, SHORTEST * usual, LONGEST * usual);
  const direction = length > 1e-3 ? unit(offset, DOWN) : unit(fromRest(drawn), DOWN);
  return sum(from, direction, wanted);
}

/** Places shoulders and hips. */
function torsoOf(seen, rest, scale, side) {
  const size = scale * rest.torso;
  let chest = pairMiddle(seen.leftShoulder, seen.rightShoulder, size * HUMAN.shoulders * side);
  let pelvis = pairMiddle(seen.leftHip, seen.rightHip, size * HUMAN.hips * side);
  const skull = headMiddle(seen);
  let axis = DOWN;
  if (chest && pelvis) axis = unit(minus(pelvis, chest), DOWN);
  else if (chest) axis = axisByShoulders(seen, chest, skull, size, side);
  if (!chest && !pelvis && skull) chest = sum(skull, axis, size * HUMAN.neck);
  if (!chest) chest = sum(pelvis || seen[Object.keys(seen)[0]] || {x: 0, y: 0}, axis, -size);
  if (!pelvis) pelvis = sum(chest, axis, size);
  // The left of a figure that stands upright and faces us is on the right of the picture.
  const across = {x: axis.y * side, y: -axis.x * side};
  const place = (names, middlePoint, drawn, human) => {
    const span = minusSeen(seen[names[0]], seen[names[1]]);
    const ratio = drawn / (human * rest.torso);
    const width = span
      ? clamp((span.x * across.x + span.y * across.y) * ratio, NARROWEST * drawn * scale,
        WIDEST * drawn * scale)
      : drawn * scale;
    const slope = span ? clamp(span.x * axis.x + span.y * axis.y, -0.6 * width, 0.6 * width) : 0;
    return [0.5, -0.5].map((share) =>
      sum(sum(middlePoint, across, share * width), axis, share * slope));
  };
  const [leftShoulder, rightShoulder] = place(
    ['leftShoulder', 'rightShoulder'], chest, rest.shoulders, HUMAN.shoulders);
  const [leftHip, rightHip] = place(['leftHip', 'rightHip'], pelvis, rest.hips, HUMAN.hips);
  const narrow = distance(leftShoulder, rightShoulder) < 0.75 * rest.shoulders * scale;
  return {axis, across, narrow, joints: {chest, pelvis, leftShoulder, rightShoulder, leftHip, rightHip}};
}

function minusSeen(left, right) {
  return left && right ? minus(left, right) : null;
}

/** The middle of two joints, or a guess if one of them is hidden. */
function pairMiddle(left, right, width) {
  if (left && right) return middle(left, right);
  if (left) return {x: left.x - 0.4 * width, y: left.y};
  if (right) return {x: right.x + 0.4 * width, y: right.y};
  return null;
}

function headMiddle(seen) {
  for (const [left, right] of [['leftEar', 'rightEar'], ['leftEye', 'rightEye']]) {
    if (seen[left] && seen[right]) return middle(seen[left], seen[right]);
  }
  return seen.nose || seen.leftEar || seen.rightEar || seen.leftEye || seen.rightEye || null;
}

/** Where the hips are when they are out of the picture. */
function axisByShoulders(seen, chest, skull, size, side) {
  let direction = {x: 0, y: 0.6};
  const span = minusSeen(seen.leftShoulder, seen.rightShoulder);
  if (span) {
    direction = sum(direction, {x: -span.y * side, y: span.x * side}, 1 / (size * HUMAN.shoulders));
  }
  if (skull) direction = sum(direction, minus(chest, skull), 0.5 / (size * HUMAN.neck));
  return unit(direction, DOWN);
}

/** Places the head: at the person's, as far from the shoulders as the figure is drawn. */
function headOf(seen, rest, {scale, side, axis, right, joints}) {
  const half = (scale * rest.torso * HUMAN.ears) / 2;
  const roll = rollOf(seen, half, side, right);
  const found = fitHead(seen, humanFace(half, side), half, roll);
  const usual = scale * rest.neck;
  let offset = sum({x: 0, y: 0}, axis, -usual);
  if (found) {
    offset = minus(found, joints.chest);
    const ratio = rest.neck / (HUMAN.neck * rest.torso);
    const length = Math.hypot(offset.x, offset.y) * ratio;
    const direction = unit(offset, {x: -axis.x, y: -axis.y});
    offset = sum({x: 0, y: 0}, direction, clamp(length, 0.6 * usual, 1.3 * usual));
  }
  const turn = found ? found.turn : 0;
  const place = sum(joints.chest, offset);
  return {
    transform: headTransform(rest, place, roll, scale, {side, turn}),
    turn, nod: found ? found.nod : 0,
  };
}
