/** Pictures of the user and of the browser's camera, small enough to be sent. */

import { openPicture } from "nn-modules/open_picture.js";

const SIDE_PX = 960;
const MAX_BYTES = 900e3;
const QUALITIES = [0.92, 0.8, 0.6];

/**
 * Reads a picture of the user.
 *
 * @param {Blob} file
 * @returns {Promise<Uint8Array>} PNG of small pictures, so that they stay as they are, else JPEG
 * @throws {Error} with a sentence
 */
export function readFile(file) {
  return openPicture(file, encoded);
}

async function encoded(bitmap) {
  const scale = Math.min(1, SIDE_PX / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  let blob = await canvas.convertToBlob({ type: "image/png" });
  for (const quality of QUALITIES) {
    if (blob.size <= MAX_BYTES) break;
    blob = await canvas.convertToBlob({ type: "image/jpeg", quality });
  }
  return new Uint8Array(await blob.arrayBuffer());
}

const ANSWER_TIMEOUT_MS = 3000;
const POLL_MS = 50;

/** Sends the frames of a camera of the browser: the next one when the last one is on the screen. */
export class FrameLoop {
  /**
   * @param {() => Promise<?Blob>} take the newest frame
   * @param {(content: Uint8Array) => number} send sends a frame; its number, 0 if it cannot be sent
   */
  constructor(take, send) {
    this.take = take;
    this.sendFrame = send;
    this.stopped = false;
    this.number = 0;
    this.sentAt = 0;
    this.#run();
  }

  /** The picture with this number is on the screen. */
  done(number) {
    if (number >= this.number) this.number = 0;
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  async #run() {
    const waits = this.number && performance.now() - this.sentAt < ANSWER_TIMEOUT_MS;
    if (!waits && !document.hidden) {
      const blob = await this.take();
      if (blob && !this.stopped) {
        this.number = this.sendFrame(new Uint8Array(await blob.arrayBuffer()));
        this.sentAt = performance.now();
      }
    }
    if (!this.stopped) this.timer = setTimeout(() => this.#run(), POLL_MS);
  }
}
