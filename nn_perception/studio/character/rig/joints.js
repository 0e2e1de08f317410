/**
 * The joints of people and figures, and the bones between them.
 *
 * @typedef {{x: number, y: number}} Point
 * @typedef {Object<string, Point>} Joints  name -> position
 * @typedef {{name: string, from: string, to: string, part: string, joints: string[]}} Bone
 */

/** The keypoints of COCO, in their order. */
export const JOINTS = [
  'nose', 'leftEye', 'rightEye', 'leftEar', 'rightEar', 'leftShoulder', 'rightShoulder',
  'leftElbow', 'rightElbow', 'leftWrist', 'rightWrist', 'leftHip', 'rightHip',
  'leftKnee', 'rightKnee', 'leftAnkle', 'rightAnkle',
];
export const FACE = JOINTS.slice(0, 5);

/** Each joint of a limb, the joint that it hangs on, and the next one. */
export const LIMBS = ['left', 'right'].flatMap((side) => [
  {joint: `${side}Elbow`, parent: `${side}Shoulder`, next: `${side}Wrist`},
  {joint: `${side}Wrist`, parent: `${side}Elbow`, next: null},
  {joint: `${side}Knee`, parent: `${side}Hip`, next: `${side}Ankle`},
  {joint: `${side}Ankle`, parent: `${side}Knee`, next: null},
]);

/** @type {Bone[]} `joints`: those that must be seen for the bone to be shown. */
export const BONES = [
  bone('shoulders', 'leftShoulder', 'rightShoulder', 'torso'),
  bone('leftSide', 'leftShoulder', 'leftHip', 'torso'),
  bone('rightSide', 'rightShoulder', 'rightHip', 'torso'),
  bone('hips', 'leftHip', 'rightHip', 'torso'),
  bone('spine', 'chest', 'pelvis', 'torso'),
  bone('neck', 'chest', 'chin', 'torso'),
  ...['left', 'right'].flatMap((side) => [
    bone(`${side}UpperArm`, `${side}Shoulder`, `${side}Elbow`, `${side}Arm`, [`${side}Elbow`]),
    bone(`${side}Forearm`, `${side}Elbow`, `${side}Wrist`, `${side}Arm`, [`${side}Wrist`]),
    bone(`${side}Thigh`, `${side}Hip`, `${side}Knee`, `${side}Leg`, [`${side}Knee`]),
    bone(`${side}Shin`, `${side}Knee`, `${side}Ankle`, `${side}Leg`, [`${side}Ankle`]),
  ]),
];
/** The head moves as one piece; it is no line, but has an index like the bones. */
export const HEAD = BONES.length;

function bone(name, from, to, part, joints = []) {
  return {name, from, to, part, joints};
}

/** Index of the bones that a shape of a part may follow; null: any. */
export function bonesOfPart(part) {
  if (['head', 'face', 'headBack'].includes(part)) return [HEAD];
  const name = part === 'torsoBack' ? 'torso' : part;
  const found = BONES.flatMap((item, index) => (item.part === name ? [index] : []));
  return found.length ? found : null;
}

/** Bones that meet: each with itself. */
export const NEIGHBOURS = [...BONES, {name: 'head', from: 'chin', to: 'head'}].map((one, index, all) =>
  all.flatMap((other, place) => (place === index || meet(one, other) ? [place] : [])));

function meet(one, other) {
  const ends = (item) => [item.from, item.to].flatMap((name) => ({
    // The spine and the neck begin in the middle of the shoulders, and end between the hips.
    chest: ['leftShoulder', 'rightShoulder', 'chest'], pelvis: ['leftHip', 'rightHip', 'pelvis'],
  }[name] || [name]));
  return ends(one).some((name) => ends(other).includes(name));
}

/** @returns {Point} */
export function middle(a, b, share = 0.5) {
  return {x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share};
}

export function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

export function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

/**
 * The skeleton of a figure at rest: its joints, those in between, and its measures.
 *
 * @param {Object<string, [number, number]>} drawn  the 17 joints of the drawing
 */
export function restOf(drawn) {
  /** @type {Joints} */
  const joints = {};
  for (const name of JOINTS) joints[name] = {x: drawn[name][0], y: drawn[name][1]};
  joints.chest = middle(joints.leftShoulder, joints.rightShoulder);
  joints.pelvis = middle(joints.leftHip, joints.rightHip);
  joints.skull = middle(joints.leftEar, joints.rightEar);
  joints.chin = middle(joints.nose, joints.chest, 0.45);
  const torso = distance(joints.chest, joints.pelvis);
  const ears = distance(joints.leftEar, joints.rightEar);
  return {
    joints, torso, ears,
    shoulders: distance(joints.leftShoulder, joints.rightShoulder),
    hips: distance(joints.leftHip, joints.rightHip),
    neck: distance(joints.chest, joints.skull),
  };
}
