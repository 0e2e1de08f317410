/** Which figure moves with whom. */

import {Person} from './person.js';

/** People whose figures are remembered when they come back. */
const REMEMBERED = 200;

/** FNV-1a: the same text gives the same number on each machine. */
export function hash(text) {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  }
  return value;
}

/** Gives ids to people who have none: by their place from left to right. */
export function identified(people) {
  const nameless = people.filter((person) => !person.id);
  const place = (person) => {
    const seen = person.keypoints.filter(([, , score]) => score > 0);
    return seen.reduce((sum, [x]) => sum + x, 0) / (seen.length || 1);
  };
  const order = [...nameless].sort((one, other) => place(one) - place(other));
  return people.map((person) =>
    (person.id ? person : {...person, id: `place-${order.indexOf(person)}`}));
}

export class Cast {
  constructor() {
    /** @type {Object[]} bound figures */
    this.figures = [];
    /** @type {Map<string, Person>} */
    this.people = new Map();
    /** @type {Map<string, number>} */
    this.chosen = new Map();
  }

  /** Replaces the figures that people may get. */
  setFigures(figures) {
    this.figures = figures;
    this.chosen.clear();
    if (!figures.length) {
      this.people.clear();
      return;
    }
    for (const person of this.people.values()) this.chosen.set(person.id, this.choose(person.id));
    for (const person of this.people.values()) person.wear(figures[this.chosen.get(person.id)]);
  }

  /** The figure of a person: always the same, and another one than those of the others in view. */
  choose(id) {
    const count = this.figures.length;
    const taken = new Set([...this.people.values()]
      .filter((person) => person.id !== id && !person.leaving)
      .map((person) => this.chosen.get(person.id)));
    const wanted = this.chosen.get(id) ?? hash(id) % count;
    for (let step = 0; step < count; step += 1) {
      if (!taken.has((wanted + step) % count)) return (wanted + step) % count;
    }
    return wanted;
  }

  /** Takes the people of a picture. */
  update(people, time, smoothness) {
    if (!this.figures.length) return;
    const present = identified(people);
    for (const {id, keypoints} of present) {
      let person = this.people.get(id);
      if (!person) {
        this.remember(id, this.choose(id));
        person = new Person(id, this.figures[this.chosen.get(id)]);
        this.people.set(id, person);
      }
      person.update(keypoints, time, smoothness);
    }
    const ids = new Set(present.map(({id}) => id));
    for (const person of this.people.values()) if (!ids.has(person.id)) person.leave();
  }

  remember(id, figure) {
    this.chosen.delete(id);
    this.chosen.set(id, figure);
    while (this.chosen.size > REMEMBERED) this.chosen.delete(this.chosen.keys().next().value);
  }

  /** Fades; returns whether something still changes. */
  fade(ms) {
    let busy = false;
    for (const person of [...this.people.values()]) {
      busy = person.fade(ms) || busy;
      if (person.gone || (person.leaving && !person.pose)) this.people.delete(person.id);
    }
    return busy;
  }

  /** Everybody leaves at once: another source. */
  clear() {
    this.people.clear();
  }

  /** People to draw: those far away first. */
  inOrder() {
    return [...this.people.values()].filter((person) => person.pose)
      .sort((one, other) => one.scale * one.figure.rest.torso - other.scale * other.figure.rest.torso);
  }
}
