/** Draws people as figures on a canvas. */

import {deform} from './binding.js';

/** How far a face moves over the head when it turns, in distances of the ears. */
const TURN_SHIFT = 0.2;
const NOD_SHIFT = 0.12;

/**
 * Draws a person's figure; the context is in pixels of the image.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {import('./person.js').Person} person
 */
export function paintPerson(context, person) {
  const {figure, pose} = person;
  const points = pointsOf(person);
  const shift = faceShift(pose, figure.rest.ears);
  const paint = (shape, index) => {
    const face = shape.part === 'face';
    const alpha = alphaOf(person, shape, index);
    if (alpha <= 0) return;
    context.save();
    if (face) context.translate(shift.x, shift.y);
    trace(context, shape.outlines, points);
    fill(context, shape, alpha);
    stroke(context, shape, alpha, pose.scale);
    context.restore();
  };
  const hidden = (shape) => pose.behind.includes(shape.part);
  for (const behind of [true, false]) {
    figure.shapes.forEach((shape, index) => {
      if (hidden(shape) === behind) paint(shape, index);
    });
  }
}

/** How much of a shape is shown, in [0, 1]. */
export function alphaOf(person, shape, index) {
  return person.presence * person.alphas[index] * sideShown(shape.part, person);
}

/** How much of a part is on the side that is seen, while somebody turns. */
function sideShown(part, person) {
  if (part === 'face') return person.face;
  if (part === 'headBack') return 1 - person.face;
  return part === 'torsoBack' ? 1 - person.front : 1;
}

/** The points of a person's figure, moved. */
export function pointsOf(person) {
  if (!person.points || person.points.length !== 2 * person.figure.count) {
    person.points = new Float32Array(2 * person.figure.count);
    person.drawn = null;
  }
  if (person.drawn !== person.pose) {
    deform(person.figure, person.pose, person.points);
    person.drawn = person.pose;
  }
  return person.points;
}

function faceShift({head, turn, nod, headSide}, ears) {
  const x = headSide * Math.sin(turn) * TURN_SHIFT * ears;
  const y = nod * NOD_SHIFT * ears;
  return {x: head.a * x + head.c * y, y: head.b * x + head.d * y};
}

function trace(context, outlines, points) {
  context.beginPath();
  for (const {first, curves, closed} of outlines) {
    let i = 2 * first;
    context.moveTo(points[i], points[i + 1]);
    for (let curve = 0; curve < curves; curve += 1, i += 6) {
      context.bezierCurveTo(points[i + 2], points[i + 3], points[i + 4], points[i + 5],
        points[i + 6], points[i + 7]);
    }
    if (closed) context.closePath();
  }
}

function fill(context, shape, alpha) {
  if (!shape.fill) return;
  [context.fillStyle] = shape.fill;
  context.globalAlpha = alpha * shape.fill[1];
  context.fill(shape.rule);
}

function stroke(context, shape, alpha, scale) {
  if (!shape.stroke) return;
  [context.strokeStyle] = shape.stroke;
  context.globalAlpha = alpha * shape.stroke[1];
  context.lineWidth = shape.width * scale;
  context.lineCap = shape.cap;
  context.lineJoin = shape.join;
  context.miterLimit = shape.miter;
  context.stroke();
}
