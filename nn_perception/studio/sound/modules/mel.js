/** Levels of the bands of a sound, on the scale of mel, for pictures. */

export const SAMPLE_RATE_HZ = 16000;
export const BANDS = 64;
const FFT = 512;
const LOWEST_HZ = 60;
const QUIET_DB = -90;
const LOUD_DB = -20;

/** Computes one column of a spectrogram after the other. */
export class Mel {
  /** @param {number} hop samples from one column to the next */
  constructor(hop) {
    this.hop = hop;
    this.held = new Float32Array(0);
    this.window = Float32Array.from({ length: FFT }, (_, at) => hann(at));
    this.filters = filters();
    [this.real, this.imaginary] = [new Float64Array(FFT), new Float64Array(FFT)];
  }

  /**
   * @param {Int16Array} samples that follow the ones before
   * @returns {Uint8Array[]} a column for each hop; 0 is quiet, 255 loud, the lowest band first
   */
  push(samples) {
    const all = new Float32Array(this.held.length + samples.length);
    all.set(this.held);
    for (let at = 0; at < samples.length; at++) all[this.held.length + at] = samples[at] / 32768;
    const columns = [];
    let start = 0;
    for (; start + FFT <= all.length; start += this.hop) columns.push(this.column(all, start));
    this.held = all.slice(Math.min(start, all.length));
    return columns;
  }

  /** @returns {Uint8Array} */
  column(samples, start) {
    for (let at = 0; at < FFT; at++) this.real[at] = samples[start + at] * this.window[at];
    this.imaginary.fill(0);
    transform(this.real, this.imaginary);
    const column = new Uint8Array(BANDS);
    for (let band = 0; band < BANDS; band++) {
      let power = 1e-12;
      for (const [bin, weight] of this.filters[band]) {
        power += weight * (this.real[bin] ** 2 + this.imaginary[bin] ** 2);
      }
      const level = 10 * Math.log10(power / (FFT / 4) ** 2);
      column[band] = 255 * Math.min(1, Math.max(0, (level - QUIET_DB) / (LOUD_DB - QUIET_DB)));
    }
    return column;
  }
}

function hann(at) {
  return 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / FFT);
}

/** @returns {[number, number][][]} for each band, its bins and their weights */
function filters() {
  const mel = (hz) => 2595 * Math.log10(1 + hz / 700);
  const [low, high] = [mel(LOWEST_HZ), mel(SAMPLE_RATE_HZ / 2)];
  const edges = Array.from({ length: BANDS + 2 }, (_, at) => {
    return 700 * (10 ** ((low + ((high - low) * at) / (BANDS + 1)) / 2595) - 1);
  });
  const bin = SAMPLE_RATE_HZ / FFT;
  return Array.from({ length: BANDS }, (_, band) => {
    const centre = edges[band + 1];
    // Low bands are narrower than a bin; each gets one nevertheless.
    const rise = Math.max(centre - edges[band], bin);
    const fall = Math.max(edges[band + 2] - centre, bin);
    const found = [];
    for (let at = 0; at <= FFT / 2; at++) {
      const weight = Math.min(1 - (centre - at * bin) / rise, 1 - (at * bin - centre) / fall);
      if (weight > 0) found.push([at, weight]);
    }
    return found;
  });
}

/** Transforms in place, after Cooley and Tukey; the length is a power of two. */
function transform(real, imaginary) {
  const n = real.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [real[i], real[j]] = [real[j], real[i]];
      [imaginary[i], imaginary[j]] = [imaginary[j], imaginary[i]];
    }
  }
  for (let length = 2; length <= n; length <<= 1) {
    const angle = (-2 * Math.PI) / length;
    for (let k = 0; k < length / 2; k++) {
      const [cos, sin] = [Math.cos(angle * k), Math.sin(angle * k)];
      for (let at = k; at < n; at += length) {
        const other = at + length / 2;
        const re = real[other] * cos - imaginary[other] * sin;
        const im = real[other] * sin + imaginary[other] * cos;
        [real[other], imaginary[other]] = [real[at] - re, imaginary[at] - im];
        [real[at], imaginary[at]] = [real[at] + re, imaginary[at] + im];
      }
    }
  }
}
