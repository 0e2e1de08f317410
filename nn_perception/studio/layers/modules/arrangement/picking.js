/**
 * What is under the pointer: computed from where everything stands, without the graphics card.
 *
 * @typedef {object} Hit
 * @property {import("./graph.js").Node} node
 * @property {import("../types.js").Element | null} element null on a slab or a rail
 */

import { elementAt, toElement } from "./grid.js";

/**
 * @param {{origin: {x: number, y: number, z: number}, direction: {x: number, y: number, z: number}}}
 *     ray
 * @param {import("./graph.js").Node[]} nodes
 * @returns {Hit | null} the nearest
 */
export function pick({ origin, direction }, nodes) {
  let [nearest, found] = [Infinity, null];
  const from = [origin.x, origin.y, origin.z];
  const along = [direction.x, direction.y, direction.z];
  for (const node of nodes) {
    const { place, grid } = node;
    const box = meetBox(from, along, place);
    if (box < nearest) [nearest, found] = [box, { node, element: null }];
    if (place.open < 1 || !grid) continue;
    const distance = (place.x - from[0]) / along[0];
    if (!(distance > 0 && distance < nearest)) continue;
    const u = from[2] + distance * along[2];
    const v = from[1] + distance * along[1] - place.y;
    if (Math.abs(u) > grid.width / 2 || Math.abs(v) > grid.height / 2) continue;
    // Between the maps nothing is asked, and nothing behind is seen.
    const at = elementAt(grid, u, v);
    const element = at && toElement(node.units[0].shown.shape, at);
    [nearest, found] = [distance, element && { node, element }];
  }
  return found;
}

/** The distance to the box of a slab or a rail; infinite if the ray misses it. */
function meetBox(from, along, place) {
  const centre = [place.x, place.slabY, 0];
  const size = [place.depth, place.height, place.width];
  let [enter, leave] = [0, Infinity];
  for (let axis = 0; axis < 3; axis += 1) {
    const ends = [-0.5, 0.5].map(
      (half) => (centre[axis] + half * size[axis] - from[axis]) / along[axis],
    );
    enter = Math.max(enter, Math.min(...ends));
    leave = Math.min(leave, Math.max(...ends));
  }
  return enter <= leave ? enter : Infinity;
}
