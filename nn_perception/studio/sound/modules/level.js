const FLOOR_DB = -90;
const MUTED_BLOCKS = 12;
const HELD_BLOCKS = 15;

/** How loud a sound is, and what is wrong with its level. */
export class Level {
  constructor() {
    this.reset();
  }

  reset() {
    this.db = FLOOR_DB;
    [this.zeros, this.clipped] = [0, 0];
  }

  /** @param {Int16Array} samples */
  push(samples) {
    let [sum, clipped, zeros] = [0, 0, true];
    for (const one of samples) {
      sum += one * one;
      if (one >= 32767 || one <= -32768) clipped++;
      if (one) zeros = false;
    }
    const power = sum / samples.length / 32768 ** 2;
    this.db = Math.max(FLOOR_DB, 10 * Math.log10(power + 1e-12));
    this.zeros = zeros ? this.zeros + 1 : 0;
    this.clipped = clipped > 2 ? HELD_BLOCKS : Math.max(0, this.clipped - 1);
  }

  /** From 0 to 1, for a meter. */
  get share() {
    return 1 - this.db / FLOOR_DB;
  }

  /** What is wrong; empty if nothing is. */
  get hint() {
    if (this.zeros >= MUTED_BLOCKS) {
      return "Only zeros arrive: the microphone is muted, or switched off.";
    }
    if (this.clipped) {
      return "It is too loud, and cut off at the top. Turn the microphone down, or move away from it.";
    }
    return "";
  }
}
