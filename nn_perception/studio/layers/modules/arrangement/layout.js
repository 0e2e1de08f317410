/** Where everything stands: the network goes along x, its maps face its input. */

import { asMaps, gridOf } from "./grid.js";

const RAIL = 0.16;
const RAIL_GAP = 0.3;
const GAP = 0.5;
const ROW_GAP = 2.8;
const MOST_ROWS = 8;
const FEW_COLUMNS = 18;
/** What a length along the network takes across and up the picture, seen as at first. */
const SIDEWAYS = 0.78;
const DEPTH = 0.2;

/**
 * @typedef {object} Place
 * @property {number} x centre
 * @property {number} y centre
 * @property {number} slabY of the slab, or of the rail below the maps
 * @property {number} depth of the slab, along x
 * @property {number} height of the slab
 * @property {number} width of the slab, along z
 * @property {number} open 1 if the maps are out
 * @property {number} top of all
 */

/** Size of a closed slab: height and width follow the maps' size, the depth their number. */
export function slabOf(node, isPicture) {
  const shapes = node.units.map((unit) => asMaps(unit.shown.shape));
  const [count, mapHeight, mapWidth] = shapes[shapes.length - 1];
  if (mapHeight * mapWidth === 1) {
    const height = 1.4 + 0.5 * Math.log2(count);
    return { depth: 0.5, height, width: 0.6 + 0.1 * height };
  }
  const scale = node.isStage ? 0.45 : 0.4;
  const depth = isPicture ? 0.25 : 0.25 + 0.1 * Math.log2(count);
  return {
    depth: node.isStage ? depth + 0.25 * Math.min(4, node.units.length) : depth,
    height: 1.2 + scale * Math.sqrt(mapHeight),
    width: 1.2 + scale * Math.sqrt(mapWidth),
  };
}

/**
 * Give each node its place, and its grid if it is open.
 *
 * @param {import("./graph.js").Node[]} nodes
 * @param {(node: import("./graph.js").Node) => boolean} isOpen
 * @param {(node: import("./graph.js").Node) => boolean} isPicture
 * @param {number} aspect width of the picture by its height
 * @returns {number} of rows
 */
export function layOut(nodes, isOpen, isPicture, aspect) {
  for (const node of nodes) {
    node.open = isOpen(node);
    node.slab = slabOf(node, isPicture(node));
    node.grid = node.isStage ? null : gridOf(node.units[0].shown.shape, isPicture(node));
  }
  if (!nodes.length) return 1;
  const columns = [...group(nodes, (node) => node.column)].sort(([a], [b]) => a - b);
  let above = 0;
  const rows = rowsOf(columns.map(([, all]) => all), aspect);
  for (const row of rows) {
    const middle = (row[0].at + row[row.length - 1].at) / 2;
    const lanes = group(row.flatMap(({ all }) => all), (node) => node.lane);
    const heights = new Map([...lanes].map(([lane, all]) => [lane, Math.max(...all.map(heightOf))]));
    const ends = [...heights].map(([lane, height]) => {
      const y = laneY(lane, heights);
      return [y - height / 2, y + height / 2];
    });
    const top = Math.max(...ends.map(([, end]) => end));
    for (const { at, all } of row) {
      for (const node of all) {
        node.place = placeOf(node, at - middle, above - top + laneY(node.lane, heights));
      }
    }
    above -= top - Math.min(...ends.map(([start]) => start)) + ROW_GAP;
  }
  return rows.length;
}

/** Break the columns into rows, as a text is broken into lines. */
function rowsOf(columns, aspect) {
  const roomy = columns.length <= FEW_COLUMNS;
  const halves = columns.map((all) => Math.max(...all.map((node) => reach(node, roomy))));
  const length = halves.reduce((sum, half) => sum + 2 * half + GAP, 0);
  const height = Math.max(...columns.flat().map(heightOf)) + ROW_GAP;
  const longest = length / numberOfRows(length, height, aspect);
  const rows = [[]];
  let [x, before] = [0, 0];
  columns.forEach((all, index) => {
    const row = rows[rows.length - 1];
    if (row.length && x + halves[index] > longest) {
      rows.push([]);
      x = 0;
    } else if (row.length) x += before + halves[index] + GAP;
    rows[rows.length - 1].push({ at: x, all });
    before = halves[index];
  });
  return rows;
}

/** So many that everything is as large as possible, seen as at first; one if it is as good. */
function numberOfRows(length, height, aspect) {
  let [best, smallest] = [1, Infinity];
  for (let count = 1; count <= MOST_ROWS; count += 1) {
    const across = (SIDEWAYS * length) / count / aspect;
    const upright = height * count + (DEPTH * length) / count;
    const size = Math.max(across, upright);
    if (size < smallest * 0.92) [best, smallest] = [count, size];
  }
  return best;
}

/** Half the room that a node takes along the network; maps need some to be seen from the side. */
function reach(node, roomy) {
  const sideways = node.open ? Math.min(2.4, node.grid.width * (roomy ? 0.36 : 0.26)) : 0.3;
  return node.slab.depth / 2 + sideways;
}

function heightOf(node) {
  return node.open ? node.grid.height + 2 * (RAIL_GAP + RAIL) : node.slab.height;
}

function laneY(lane, heights) {
  let y = 0;
  const step = Math.sign(lane);
  for (let at = 0; at !== lane; at += step) {
    y += step * (((heights.get(at) ?? 2) + (heights.get(at + step) ?? 2)) / 2 + 1.6);
  }
  return y;
}

function placeOf(node, x, y) {
  const { slab, grid, open } = node;
  if (!open) return { x, y, slabY: y, ...slab, open: 0, top: y + slab.height / 2 };
  return {
    x, y, slabY: y - grid.height / 2 - RAIL_GAP, depth: 0.4, height: RAIL, width: grid.width,
    open: 1, top: y + grid.height / 2,
  };
}

function group(nodes, keyOf) {
  const groups = new Map();
  for (const node of nodes) {
    const key = keyOf(node);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(node);
  }
  return groups;
}

/** The corners of all nodes, where they go. @returns {number[][]} */
export function cornersOf(nodes) {
  return nodes.flatMap(({ target, grid, slab }) => {
    const wide = (target.open ? grid.width : slab.width) / 2;
    const corners = [];
    for (const x of [target.x - target.depth / 2, target.x + target.depth / 2]) {
      for (const y of [target.slabY - target.height / 2, target.top]) {
        corners.push([x, y, -wide], [x, y, wide]);
      }
    }
    return corners;
  });
}
