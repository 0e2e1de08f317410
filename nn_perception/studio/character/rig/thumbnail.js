/** Small pictures of figures at rest. */

import {bind} from './binding.js';
import {paintPerson} from './painter.js';
import {JOINTS} from './joints.js';
import {Person} from './person.js';

/** A person who stands as a figure is drawn. */
export function personAtRest(model) {
  const person = new Person('rest', bind(model));
  person.update(JOINTS.map((name) => [...model.joints[name], 1]), 0, 0);
  // Exactly as drawn: no proportions of people.
  person.pose = restPose(person.figure.rest);
  person.fade(Infinity);
  return person;
}

/** The pose that leaves each point of a figure where it is drawn. */
export function restPose(rest) {
  return {
    joints: rest.joints, scale: 1, side: 1, headSide: 1, axis: {x: 0, y: 1}, across: {x: 1, y: 0},
    head: {a: 1, b: 0, c: 0, d: 1, e: 0, f: 0}, turn: 0, nod: 0, behind: [],
  };
}

/** Draws a figure into a canvas, as large as it fits. */
export function paintThumbnail(canvas, model) {
  const [left, top, right, bottom] = model.bounds;
  const scale = 0.96 * Math.min(canvas.width / (right - left), canvas.height / (bottom - top));
  const context = canvas.getContext('2d');
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.setTransform(scale, 0, 0, scale,
    canvas.width / 2 - (scale * (left + right)) / 2, canvas.height / 2 - (scale * (top + bottom)) / 2);
  paintPerson(context, personAtRest(model));
  context.globalAlpha = 1;
}

const standing = new Map();

/** Draws figures side by side, as they wait for somebody. */
export function paintIdle(context, models, {width, height}) {
  models.forEach((model, index) => {
    if (!standing.has(model)) standing.set(model, personAtRest(model));
    const [left, top, right, bottom] = model.bounds;
    const scale = Math.min((0.95 * width) / models.length / (right - left), (0.72 * height) / (bottom - top));
    context.save();
    context.translate(((index + 0.5) * width) / models.length, 0.93 * height);
    context.scale(scale, scale);
    context.translate(-(left + right) / 2, -bottom);
    paintPerson(context, standing.get(model));
    context.restore();
  });
  context.globalAlpha = 1;
}
