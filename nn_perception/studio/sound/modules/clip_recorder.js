import { SAMPLE_RATE_HZ } from "./mel.js";
import { encodeWav } from "./wav.js";

const MOST_WAITING = 30;

/**
 * Sends what the browser's microphone hears, one clip of a second after the other.
 *
 * A recording ends with a whole second: what was begun when the button was released is completed.
 */
export class ClipRecorder {
  /**
   * @param {string} route beginning of the addresses of the view
   * @param {object} handlers
   * @param {(label: string, left: number) => void} handlers.onLeft seconds that are left; 0: ended
   * @param {(words: string) => void} handlers.onFailure
   */
  constructor(route, { onLeft, onFailure }) {
    Object.assign(this, { route, onLeft, onFailure });
    this.label = "";
    this.waiting = 0;
    this.sent = Promise.resolve();
  }

  /**
   * @param {string} label
   * @param {number} seconds that it lasts; 0: until it is released
   */
  start(label, seconds) {
    this.end();
    Object.assign(this, { label, seconds, released: false, clips: 0, filled: 0 });
    this.name = `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;
    this.clip = new Int16Array(SAMPLE_RATE_HZ);
  }

  /** The button is released. */
  release() {
    this.released = true;
    if (this.label && !this.filled && this.clips) this.end();
  }

  /** Ends at once; what is not a second yet is forgotten. */
  end() {
    const label = this.label;
    this.label = "";
    if (label) this.onLeft(label, 0);
  }

  /** @param {Int16Array} samples */
  push(samples) {
    let at = 0;
    while (this.label && at < samples.length) {
      const part = samples.subarray(at, at + this.clip.length - this.filled);
      this.clip.set(part, this.filled);
      this.filled += part.length;
      at += part.length;
      if (this.filled === this.clip.length) this.#complete();
    }
  }

  #complete() {
    this.clips++;
    this.filled = 0;
    this.#send(encodeWav(this.clip.slice()), this.label, this.name);
    const left = this.seconds ? this.seconds - this.clips : Number(!this.released);
    if (left <= 0) this.end();
    else if (this.seconds) this.onLeft(this.label, left);
  }

  #send(body, label, recording) {
    if (++this.waiting > MOST_WAITING) {
      this.#fail("The server does not store the clips as fast as they come.");
      return;
    }
    const query = new URLSearchParams({ label, recording });
    this.sent = this.sent.then(async () => {
      const answer = await fetch(`${this.route}/frames?${query}`, { method: "POST", body }).catch(
        () => null,
      );
      this.waiting--;
      const words = await refusal(answer);
      if (words) this.#fail(words);
    });
  }

  #fail(words) {
    this.end();
    this.onFailure(words);
  }
}

/**
 * @param {Response | null} answer
 * @returns {Promise<string>} why it is a refusal, in words; empty if it is none
 */
export async function refusal(answer) {
  if (!answer) return "The server cannot be reached.";
  const text = await answer.text().catch(() => "");
  try {
    return String(JSON.parse(text).detail || "");
  } catch {
    return text && text.length < 500 ? text : `The server answers ${answer.status}.`;
  }
}
