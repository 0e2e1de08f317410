/**
 * The points of lines that grow while they are looked at.
 *
 * @typedef {{id: string, name: string, color: string, dashed: boolean, from: number,
 *   x: number[], y: (number | null)[]}} Part what is new of a line: the points from `from` on
 * @typedef {[number, number | null]} Point
 * @typedef {{id: string, name: string, color: string, dashed: boolean, points: Point[]}} Line
 */

/** Lines that are fed with what is new. */
export class Lines {
  constructor() {
    /** @type {Map<string, Line>} */
    this.lines = new Map();
    /** @type {Map<string, number>} */
    this.starts = new Map();
  }

  /**
   * Take what is new; lines that are not named are gone.
   *
   * @param {Part[]} parts
   */
  feed(parts) {
    const lines = new Map();
    for (const { from, x, y, ...line } of parts) {
      const points = (this.lines.get(line.id)?.points ?? []).slice(0, from);
      x.forEach((one, at) => points.push([one, y[at]]));
      // A run that was reset begins before the point where the graph was cleared.
      const last = points.at(-1)?.[0] ?? 0;
      if (last < (this.starts.get(line.id) ?? 0)) this.starts.delete(line.id);
      lines.set(line.id, { ...line, points });
    }
    this.lines = lines;
  }

  /** Show only what comes from now on. */
  clear() {
    for (const { id, points } of this.lines.values()) {
      if (points.length) this.starts.set(id, points.at(-1)[0]);
    }
  }

  /** @returns {boolean} whether some points are not shown */
  get cleared() {
    return this.starts.size > 0;
  }

  /** Show all points. */
  restore() {
    this.starts.clear();
  }

  /** @returns {Line[]} the lines with the points that are shown */
  shown() {
    return [...this.lines.values()].map((line) => {
      const start = this.starts.get(line.id);
      if (start === undefined) return line;
      return { ...line, points: line.points.filter(([x]) => x > start) };
    });
  }
}

/**
 * Average over the points before, those further away counting less.
 *
 * @param {Point[]} points
 * @param {number} keep how much of the average stays from point to point
 * @returns {Point[]}
 */
export function smoothed(points, keep = 0.9) {
  let [total, weight] = [0, 0];
  return points.map(([x, y]) => {
    if (y === null) return [x, null];
    [total, weight] = [keep * total + (1 - keep) * y, keep * weight + 1 - keep];
    return [x, total / weight];
  });
}

/**
 * Choose points at equal distances, the last one always.
 *
 * @param {Point[]} points
 * @param {number} count at most so many
 * @returns {Point[]}
 */
export function cut(points, count) {
  if (points.length <= count) return points;
  const step = (points.length - 1) / (count - 1);
  return Array.from({ length: count }, (_, at) => points[Math.round(at * step)]);
}
