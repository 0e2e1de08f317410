/**
 * The One Euro filter: it smooths much while a value rests and little while it moves, so that a
 * figure neither trembles nor lags (Casiez, Roussel and Vogel, CHI 2012).
 */

/** Cut-off of a resting value, in Hz, at smoothness 1 and nearly 0. */
const SLOWEST = 0.1;
const FASTEST = 5;
/** By how many Hz the cut-off rises with the square of the speed, in torso lengths per second. */
const BETA = 20;
/** Slower than this, a point trembles rather than moves. */
const TREMBLE = 0.25;
/** Cut-off of the speed, in Hz. */
const SPEED_CUTOFF = 1.5;

/** How much of a new value is taken over. */
function share(cutoff, seconds) {
  const tau = 1 / (2 * Math.PI * cutoff);
  return 1 / (1 + tau / seconds);
}

/** Filters a point, with one speed for both coordinates: a straight motion stays straight. */
export class OneEuro {
  constructor() {
    this.reset();
  }

  /** Forget; the next value passes as it is. */
  reset() {
    this.point = null;
    this.speed = {x: 0, y: 0};
  }

  /**
   * @param {{x: number, y: number}} value
   * @param {number} seconds  since the last value
   * @param {number} smoothness  in [0, 1]; 0: values pass as they are
   * @param {number} unit  length of the torso, in which the speed counts
   */
  filter(value, seconds, smoothness, unit) {
    if (!this.point || smoothness <= 0 || seconds <= 0 || seconds > 1) {
      this.reset();
      this.point = {x: value.x, y: value.y};
      return this.point;
    }
    const last = this.point;
    const kept = share(SPEED_CUTOFF, seconds);
    for (const axis of ['x', 'y']) {
      const speed = (value[axis] - (this.raw || last)[axis]) / seconds / unit;
      this.speed[axis] += kept * (speed - this.speed[axis]);
    }
    this.raw = {x: value.x, y: value.y};
    const rest = FASTEST * (SLOWEST / FASTEST) ** smoothness;
    const speed = Math.max(0, Math.hypot(this.speed.x, this.speed.y) - TREMBLE);
    const taken = share(rest + BETA * speed ** 2, seconds);
    this.point = {
      x: last.x + taken * (value.x - last.x),
      y: last.y + taken * (value.y - last.y),
    };
    return this.point;
  }
}
