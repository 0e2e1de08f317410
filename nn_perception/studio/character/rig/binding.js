/**
 * Binds the curves of a figure to its bones: linear blend skinning.
 *
 * Each point follows the bones near it, with weights 1 / d². What a bone does to a point: the foot
 * of the point on the bone keeps its share of the bone, and the offset turns with the bone.
 */

import {BONES, HEAD, NEIGHBOURS, bonesOfPart, clamp, restOf} from './joints.js';

/** Bones that a point follows at most. */
export const SLOTS = 4;
const NO_BONE = 255;
/** Smaller weights would only make a limb wobble with those beside it. */
const MIN_WEIGHT = 0.08;
/** Curves are cut to this share of the torso, so that a long line bends with the bones. */
const MAX_CURVE = 0.2;
const MAX_CUTS = 16;
/** Curves of a figure at most, when they are cut. */
const MAX_CURVES = 20000;

/**
 * @param {{joints: Object, shapes: Object[], bounds: number[]}} model  as the server sends it
 * @returns a bound figure, which {@link deform} moves
 */
export function bind(model) {
  const rest = restOf(model.joints);
  const geometry = BONES.map((bone) => lineOf(rest.joints[bone.from], rest.joints[bone.to]));
  const drawn = model.shapes.flatMap(({outlines}) => outlines)
    .reduce((sum, {points}) => sum + points.length / 6, 0);
  const cuts = clamp(Math.floor(MAX_CURVES / drawn), 1, MAX_CUTS);
  const vertices = [];
  const shapes = model.shapes.map((shape) => {
    const allowed = bonesOfPart(shape.part);
    const shares = new Float64Array(BONES.length + 1);
    const outlines = shape.outlines.map((outline) => {
      const points = allowed && allowed[0] === HEAD
        ? outline.points : cut(outline.points, MAX_CURVE * rest.torso, cuts);
      const first = vertices.length;
      bindOutline(points, outline.closed, (x, y, regime) => {
        const vertex = bindPoint(x, y, regime, {rest, geometry, allowed});
        vertices.push(vertex);
        return vertex;
      }, shares);
      return {first, curves: (points.length / 2 - 1) / 3, closed: outline.closed};
    });
    const sum = shares.reduce((total, share) => total + share, 0);
    return {...shape, outlines, shares: shares.map((share) => share / sum)};
  });
  return {...packed(vertices), rest, shapes, bounds: model.bounds};
}

function lineOf(a, b) {
  const length = Math.max(Math.hypot(b.x - a.x, b.y - a.y), 1e-6);
  return {a, length, ux: (b.x - a.x) / length, uy: (b.y - a.y) / length};
}

/** Cuts the curves of an outline; the line that they draw stays the same. */
export function cut(points, maxLength, maxCuts = MAX_CUTS) {
  const result = [points[0], points[1]];
  for (let i = 2; i < points.length; i += 6) {
    let curve = [...points.slice(i - 2, i + 6)];
    let length = 0;
    for (let k = 2; k < 8; k += 2) {
      length += Math.hypot(curve[k] - curve[k - 2], curve[k + 1] - curve[k - 1]);
    }
    for (let left = clamp(Math.ceil(length / maxLength), 1, maxCuts); left > 1; left -= 1) {
      const [head, tail] = halves(curve, 1 / left);
      result.push(...head.slice(2));
      curve = tail;
    }
    result.push(...curve.slice(2));
  }
  return result;
}

/** Cuts a cubic curve at a share of its parameter (de Casteljau). */
function halves(c, t) {
  const mix = (p, q) => [p[0] + (q[0] - p[0]) * t, p[1] + (q[1] - p[1]) * t];
  const [p0, p1, p2, p3] = [0, 2, 4, 6].map((k) => [c[k], c[k + 1]]);
  const [a, b, d] = [mix(p0, p1), mix(p1, p2), mix(p2, p3)];
  const [e, f] = [mix(a, b), mix(b, d)];
  const m = mix(e, f);
  return [[...p0, ...a, ...e, ...m], [...m, ...f, ...d, ...p3]];
}

/** Binds anchors and handles; the handles of a smooth anchor do what their anchor does. */
function bindOutline(points, closed, add, shares) {
  const count = points.length / 2;
  const at = (i) => [points[2 * i], points[2 * i + 1]];
  const anchors = [];
  for (let i = 0; i < count; i += 3) {
    const before = i > 0 ? i - 1 : closed ? count - 2 : -1;
    const after = i < count - 1 ? i + 1 : closed ? 1 : -1;
    const smooth = before >= 0 && after >= 0 && isSmooth(at(before), at(i), at(after));
    anchors.push(smooth);
  }
  for (let i = 0; i < count; i += 1) {
    const anchor = [i, i - 1, i + 1][i % 3];
    const vertex = add(...at(i), anchors[anchor / 3] ? at(anchor) : null);
    if (i === anchor) vertex.bones.forEach((bone, k) => { shares[bone] += vertex.weights[k]; });
  }
}

function isSmooth(before, anchor, after) {
  const [ax, ay] = [anchor[0] - before[0], anchor[1] - before[1]];
  const [bx, by] = [after[0] - anchor[0], after[1] - anchor[1]];
  const lengths = Math.hypot(ax, ay) * Math.hypot(bx, by);
  if (lengths < 1e-9) return true;
  return ax * bx + ay * by > 0 && Math.abs(ax * by - ay * bx) < 0.02 * lengths;
}

/** Finds the bones of a point; `regime`: the anchor whose motion a handle takes over. */
function bindPoint(x, y, regime, {rest, geometry, allowed}) {
  const [px, py] = regime || [x, y];
  const bones = candidates(px, py, rest, geometry, allowed);
  const vertex = {x, y, bones: [], weights: [], values: []};
  const total = bones.reduce((all, item) => all + item.weight, 0);
  let sum = 0;
  for (const {bone, weight} of bones.slice(0, SLOTS)) {
    const share = weight / total - MIN_WEIGHT;
    if (share <= 0) continue;
    vertex.bones.push(bone);
    vertex.weights.push(share);
    vertex.values.push(bone === HEAD ? [0, x, y] : along(geometry[bone], x, y, px, py));
    sum += share;
  }
  vertex.weights = vertex.weights.map((share) => share / sum);
  return vertex;
}

function candidates(x, y, rest, geometry, allowed) {
  const floor = (0.01 * rest.torso) ** 2;
  const weigh = (bone) => ({bone, weight: 1 / Math.max(squared(bone, x, y, rest, geometry), floor)});
  const all = (allowed || [...geometry.keys(), HEAD]).map(weigh);
  all.sort((one, other) => other.weight - one.weight);
  if (allowed) return all;
  const near = NEIGHBOURS[all[0].bone];
  return all.filter((item) => near.includes(item.bone));
}

/** Squared distance of a point to a bone. */
function squared(bone, x, y, rest, geometry) {
  if (bone === HEAD) {
    const {skull, nose} = rest.joints;
    const centre = {x: (skull.x + nose.x) / 2, y: (skull.y + nose.y) / 2};
    return Math.max(Math.hypot(x - centre.x, y - centre.y) - 0.55 * rest.ears, 0) ** 2;
  }
  const {a, length, ux, uy} = geometry[bone];
  const t = clamp((x - a.x) * ux + (y - a.y) * uy, 0, length);
  return (x - a.x - t * ux) ** 2 + (y - a.y - t * uy) ** 2;
}

/** Share along a bone, and the offset along and across it; a handle extends its anchor's map. */
function along({a, length, ux, uy}, x, y, px, py) {
  const share = ((x - a.x) * ux + (y - a.y) * uy) / length;
  const anchor = ((px - a.x) * ux + (py - a.y) * uy) / length;
  const across = -(x - a.x) * uy + (y - a.y) * ux;
  if (anchor > 0 && anchor < 1) return [share, 0, across];
  const end = anchor <= 0 ? 0 : 1;
  return [end, (share - end) * length, across];
}

function packed(vertices) {
  const count = vertices.length;
  const bones = new Uint8Array(count * SLOTS).fill(NO_BONE);
  const weights = new Float32Array(count * SLOTS);
  const values = new Float32Array(count * SLOTS * 3);
  vertices.forEach((vertex, index) => {
    vertex.bones.forEach((bone, k) => {
      const slot = index * SLOTS + k;
      bones[slot] = bone;
      weights[slot] = vertex.weights[k];
      values.set(vertex.values[k], 3 * slot);
    });
  });
  return {count, bones, weights, values};
}

/**
 * Moves the points of a figure.
 *
 * @param figure  from {@link bind}
 * @param pose  from `poseOf` in pose.js
 * @param {Float32Array} out  x and y of each point
 */
export function deform(figure, pose, out) {
  const frames = BONES.map((bone) => frameOf(pose.joints[bone.from], pose.joints[bone.to], pose));
  const {bones, weights, values} = figure;
  const head = pose.head;
  for (let i = 0; i < figure.count; i += 1) {
    let x = 0;
    let y = 0;
    for (let slot = i * SLOTS; slot < (i + 1) * SLOTS && bones[slot] !== NO_BONE; slot += 1) {
      const weight = weights[slot];
      const [share, u, v] = [values[3 * slot], values[3 * slot + 1], values[3 * slot + 2]];
      if (bones[slot] === HEAD) {
        x += weight * (head.a * u + head.c * v + head.e);
        y += weight * (head.b * u + head.d * v + head.f);
      } else {
        const f = frames[bones[slot]];
        x += weight * (f.x + f.dx * share + f.ux * u + f.nx * v);
        y += weight * (f.y + f.dy * share + f.uy * u + f.ny * v);
      }
    }
    out[2 * i] = x;
    out[2 * i + 1] = y;
  }
}

function frameOf(a, b, {scale, side}) {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const length = Math.max(Math.hypot(dx, dy), 1e-6);
  const [ux, uy] = [(scale * dx) / length, (scale * dy) / length];
  return {x: a.x, y: a.y, dx, dy, ux, uy, nx: -uy * side, ny: ux * side};
}
