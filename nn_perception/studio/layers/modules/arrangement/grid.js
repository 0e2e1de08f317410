/**
 * The maps of an open layer as a grid of rectangles, in a plane across the network.
 *
 * `u` goes from left to right and `v` from top to bottom, both from the upper left corner.
 */

/** Longest column of a vector of single values. */
const LONGEST_COLUMN = 16;
/** In units of the scene. */
const LARGEST_SIDE = 13;
const LONGEST_VECTOR = 10;

/**
 * @typedef {object} Grid
 * @property {number} count of maps; a vector has one map of 1 x 1 a value
 * @property {number} rows of maps
 * @property {number} columns of maps
 * @property {number} mapHeight values
 * @property {number} mapWidth values
 * @property {number} cellWidth of a map, in units of the scene
 * @property {number} cellHeight
 * @property {number} pitchU from map to map
 * @property {number} pitchV
 * @property {number} width of the whole
 * @property {number} height
 */

/** Split a shape into maps. @param {number[]} shape @returns {[number, number, number]} */
export function asMaps(shape) {
  if (shape.length === 0) return [1, 1, 1];
  if (shape.length === 1) return [shape[0], 1, 1];
  const [height, width] = shape.slice(-2);
  return [shape.slice(0, -2).reduce((a, b) => a * b, 1), height, width];
}

/** @param {number[]} shape @param {boolean} isPicture all channels as one @returns {Grid} */
export function gridOf(shape, isPicture = false) {
  const [channels, mapHeight, mapWidth] = asMaps(shape);
  const count = isPicture ? 1 : channels;
  const isVector = mapHeight * mapWidth === 1;
  const aspect = mapWidth / mapHeight;
  let columns = Math.max(1, Math.round(Math.sqrt((count * (isVector ? 0.3 : 0.75)) / aspect)));
  if (isVector && count <= LONGEST_COLUMN) columns = 1;
  if (!isVector && count <= 3) columns = 1;
  columns = Math.ceil(count / Math.ceil(count / columns));
  const rows = Math.ceil(count / columns);
  const gap = isVector ? 0.22 : count > 128 ? 0.07 : 0.12;
  const side = isVector ? 0.5 : sideOf(count, mapHeight * mapWidth, rows);
  let cellHeight = side / Math.sqrt(aspect);
  let cellWidth = side * Math.sqrt(aspect);
  let space = gap * Math.min(cellHeight, cellWidth);
  const longest = Math.max(rows * (cellHeight + space), columns * (cellWidth + space));
  const most = isVector ? LONGEST_VECTOR : LARGEST_SIDE;
  if (longest > most) {
    const factor = most / longest;
    [cellHeight, cellWidth, space] = [cellHeight * factor, cellWidth * factor, space * factor];
  }
  const [pitchU, pitchV] = [cellWidth + space, cellHeight + space];
  return {
    count, rows, columns, mapHeight, mapWidth, cellWidth, cellHeight, pitchU, pitchV,
    width: columns * pitchU - space, height: rows * pitchV - space,
  };
}

/** Larger for more values, but far from in proportion: 28 x 28 and 7 x 7 are both to be seen. */
function sideOf(count, values, rows) {
  return (3.4 * (count * values) ** 0.12) / Math.max(1, rows ** 0.8);
}

/**
 * Where a part of the layer is.
 *
 * @param {Grid} grid @param {number} map @param {number[]} first row and column @param {number[]}
 *     last row and column, which belong to it
 * @returns {{left: number, top: number, right: number, bottom: number}} from the grid's centre,
 *     `top` above `bottom`
 */
export function rectangle(grid, map, first, last) {
  const u = (map % grid.columns) * grid.pitchU - grid.width / 2;
  const v = grid.height / 2 - Math.floor(map / grid.columns) * grid.pitchV;
  const [stepU, stepV] = [grid.cellWidth / grid.mapWidth, grid.cellHeight / grid.mapHeight];
  return {
    left: u + first[1] * stepU,
    right: u + (last[1] + 1) * stepU,
    top: v - first[0] * stepV,
    bottom: v - (last[0] + 1) * stepV,
  };
}

/**
 * The map, row and column at a place, or null between the maps.
 *
 * @param {Grid} grid @param {number} u to the right of the centre @param {number} v above it
 */
export function elementAt(grid, u, v) {
  const [fromLeft, fromTop] = [u + grid.width / 2, grid.height / 2 - v];
  const [column, row] = [Math.floor(fromLeft / grid.pitchU), Math.floor(fromTop / grid.pitchV)];
  const map = row * grid.columns + column;
  if (column < 0 || column >= grid.columns || row < 0 || map >= grid.count) return null;
  const across = (fromLeft - column * grid.pitchU) / grid.cellWidth;
  const down = (fromTop - row * grid.pitchV) / grid.cellHeight;
  if (across >= 1 || down >= 1) return null;
  return { map, row: Math.floor(down * grid.mapHeight), column: Math.floor(across * grid.mapWidth) };
}

/** The index of a value, as long as the layer's shape. */
export function toElement(shape, { map, row, column }) {
  const trailing = shape.length > 1 ? [row, column] : [];
  const leading = [];
  let rest = map;
  for (const size of shape.slice(0, shape.length - trailing.length).reverse()) {
    leading.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return [...leading, ...trailing];
}

/** The map, row and column of an element; null if the layer has no such element. */
export function fromElement(shape, element) {
  if (element.length !== shape.length) return null;
  if (element.some((index, axis) => !(index >= 0 && index < shape[axis]))) return null;
  const [row, column] = shape.length > 1 ? element.slice(-2) : [0, 0];
  const count = shape.length - (shape.length > 1 ? 2 : 0);
  let map = 0;
  for (let axis = 0; axis < count; axis += 1) map = map * shape[axis] + element[axis];
  return { map, row, column };
}
