/** What lies behind a figure: keypoints, its skeleton, and its curves. */

import {BONES, JOINTS} from './joints.js';
import {LOST} from './person.js';
import {alphaOf, pointsOf} from './painter.js';

const LEFT = '#ff922b';
const RIGHT = '#22b8cf';
const MIDDLE = '#ffffff';

function colorOf(name) {
  if (name.startsWith('left')) return LEFT;
  return name.startsWith('right') ? RIGHT : MIDDLE;
}

/** Draws the keypoints that the network found; faint ones are uncertain. */
export function paintKeypoints(context, person, pixel) {
  person.keypoints.forEach(([x, y, score], index) => {
    if (!(score > 0)) return;
    context.globalAlpha = person.presence * (score < LOST ? 0.3 : 1);
    dot(context, x, y, 4 * pixel, colorOf(JOINTS[index]), pixel);
  });
}

/** Draws the bones that the figure follows. */
export function paintSkeleton(context, person, pixel) {
  const {joints} = person.pose;
  const seen = person.bonesSeen();
  context.lineCap = 'round';
  BONES.forEach((bone, index) => {
    const [a, b] = [joints[bone.from], joints[bone.to]];
    context.globalAlpha = person.presence * (seen[index] ? 1 : 0.25);
    for (const [width, color] of [[5, 'rgba(0, 0, 0, 0.6)'], [2.5, colorOf(bone.name)]]) {
      context.lineWidth = width * pixel;
      context.strokeStyle = color;
      context.beginPath();
      context.moveTo(a.x, a.y);
      context.lineTo(b.x, b.y);
      context.stroke();
    }
  });
}

/** Draws the anchors and handles of what is shown, and the lines between them. */
export function paintCurves(context, person, pixel) {
  const points = pointsOf(person);
  context.globalAlpha = person.presence;
  context.lineWidth = 0.75 * pixel;
  context.strokeStyle = '#845ef7';
  context.fillStyle = '#845ef7';
  context.beginPath();
  const anchors = [];
  const shown = person.figure.shapes.filter((shape, index) => alphaOf(person, shape, index) > 0);
  for (const shape of shown) {
    for (const {first, curves} of shape.outlines) {
      for (let i = 2 * first, end = 2 * (first + 3 * curves); i < end; i += 6) {
        anchors.push(i);
        context.moveTo(points[i], points[i + 1]);
        context.lineTo(points[i + 2], points[i + 3]);
        context.moveTo(points[i + 4], points[i + 5]);
        context.lineTo(points[i + 6], points[i + 7]);
      }
    }
  }
  context.stroke();
  const size = 3 * pixel;
  for (const i of anchors) context.fillRect(points[i] - size / 2, points[i + 1] - size / 2, size, size);
}

function dot(context, x, y, radius, color, pixel) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = color;
  context.fill();
  context.lineWidth = 1.5 * pixel;
  context.strokeStyle = 'rgba(0, 0, 0, 0.7)';
  context.stroke();
}
