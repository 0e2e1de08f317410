/** Where the maps of a grid are, on a canvas. */

const WANTED_PX = 54;
const MAX_SCALE = 12;
const GAP = 2;
// Single values are squares of this size.
const VALUE_PX = 12;

/**
 * @typedef {{outer: number[], axes: string[], height: number, width: number, total: number,
 *   low: number, high: number}} Grid
 */
export class MapLayout {
  /**
   * @param {Grid} grid
   * @param {number} room width in pixels
   */
  constructor(grid, room) {
    this.grid = grid;
    this.count = grid.outer.reduce((a, b) => a * b, 1);
    const side = Math.max(grid.height, grid.width);
    this.scale = side === 1 ? VALUE_PX : clamp(Math.floor(WANTED_PX / side), 1, MAX_SCALE);
    this.stepX = grid.width * this.scale + GAP;
    this.stepY = grid.height * this.scale + GAP;
    const fitting = Math.max(1, Math.floor((room + GAP) / this.stepX));
    const row = grid.outer.length === 2 ? grid.outer[1] : 0;
    this.columns = row > 1 && row <= 4 * fitting ? row : Math.min(fitting, this.count);
    this.rows = Math.ceil(this.count / this.columns);
    this.canvasWidth = this.columns * this.stepX - GAP;
    this.canvasHeight = this.rows * this.stepY - GAP;
  }

  /** The corner of a map. */
  corner(map) {
    return [(map % this.columns) * this.stepX, Math.floor(map / this.columns) * this.stepY];
  }

  /** The value under a point of the canvas, as an index of all pixels; -1: none. */
  at(x, y) {
    const [column, row] = [Math.floor(x / this.stepX), Math.floor(y / this.stepY)];
    const map = row * this.columns + column;
    const px = Math.floor((x - column * this.stepX) / this.scale);
    const py = Math.floor((y - row * this.stepY) / this.scale);
    const { width, height } = this.grid;
    const outside = column >= this.columns || map >= this.count || px >= width || py >= height;
    return x < 0 || y < 0 || outside ? -1 : (map * height + py) * width + px;
  }

  /** The square of a value on the canvas. @returns {number[]} left, top, side */
  square(index) {
    const { width, height } = this.grid;
    const map = Math.floor(index / (width * height));
    const [left, top] = this.corner(map);
    const rest = index % (width * height);
    const [row, column] = [Math.floor(rest / width), rest % width];
    return [left + column * this.scale, top + row * this.scale, this.scale];
  }

  /** The value that an arrow key leads to. */
  neighbour(index, dx, dy) {
    const [left, top, side] = this.square(Math.max(index, 0));
    if (index < 0) return 0;
    for (let reach = side; reach <= side + GAP; reach += 1) {
      const found = this.at(left + side / 2 + dx * reach, top + side / 2 + dy * reach);
      if (found >= 0 && found !== index) return found;
    }
    return index;
  }

  /** Where a value is, in words. */
  words(index) {
    const { outer, axes, width, height } = this.grid;
    const parts = [];
    let map = Math.floor(index / (width * height));
    for (let at = outer.length - 1; at >= 0; at -= 1) {
      if (outer[at] > 1) parts.unshift(`${axes[at]} ${map % outer[at]}`);
      map = Math.floor(map / outer[at]);
    }
    if (width * height > 1) {
      const rest = index % (width * height);
      parts.push(`row ${Math.floor(rest / width)}`, `column ${rest % width}`);
    }
    return parts.join(", ");
  }
}

function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}
