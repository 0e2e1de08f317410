const ZEROS = 16; // of the sinc on each side
const PHASES = 256;

/**
 * Converts a stream of samples to a lower or higher rate, through a windowed sinc.
 *
 * For browsers whose audio cannot run at the rate that the server wants.
 */
export class Resampler {
  /**
   * @param {number} from rate of what is pushed
   * @param {number} to rate of what comes out
   */
  constructor(from, to) {
    this.step = from / to;
    const scale = Math.min(1, to / from);
    this.half = Math.ceil(ZEROS / scale);
    this.table = sincTable(this.half, scale * 0.95);
    this.held = new Float32Array(this.half);
    // Place of the next sample that comes out, in what is held.
    this.place = this.half;
  }

  /**
   * @param {Float32Array} samples that follow the ones before
   * @returns {Float32Array}
   */
  push(samples) {
    const all = new Float32Array(this.held.length + samples.length);
    all.set(this.held);
    all.set(samples, this.held.length);
    const found = [];
    for (; this.place + this.half < all.length; this.place += this.step) {
      found.push(this.#at(all, this.place));
    }
    const used = Math.max(0, Math.floor(this.place) - this.half);
    this.held = all.slice(used);
    this.place -= used;
    return Float32Array.from(found);
  }

  #at(all, place) {
    const base = Math.floor(place);
    const phase = Math.round((place - base) * PHASES);
    let sum = 0;
    for (let k = 1 - this.half; k <= this.half; k++) {
      sum += (all[base + k] || 0) * this.table[Math.abs(k * PHASES - phase)];
    }
    return sum;
  }
}

/** @returns {Float32Array} the right half of the filter, `PHASES` values a sample */
function sincTable(half, cutoff) {
  const table = new Float32Array((half + 1) * PHASES + 1);
  for (let at = 0; at < table.length; at++) {
    const x = at / PHASES;
    if (x > half) break;
    const sinc = x ? Math.sin(Math.PI * cutoff * x) / (Math.PI * x) : cutoff;
    table[at] = sinc * (0.54 + 0.46 * Math.cos((Math.PI * x) / half));
  }
  return table;
}
