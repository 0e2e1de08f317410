/** Frames of a webcam, a video or pictures, sent to the server to be processed. */

import { MAX_PICTURE_BYTES } from "nn-viewer/viewer_socket.js";

const STREAM_SIDE_PX = 960;
const STILL_SIDE_PX = 1920;
const ANSWER_TIMEOUT_MS = 10000;

/**
 * Sends frames one after the other: the next one when the one before is processed.
 */
export class FrameSender {
  /**
   * @param {import("./viewer_socket.js").ViewerSocket} socket
   * @param {() => string[]} capabilities whose results are wanted
   */
  constructor(socket, capabilities) {
    this.socket = socket;
    this.capabilities = capabilities;
    this.scales = new Map();
    this.number = 0;
    this.sentAt = 0;
  }

  /** Whether a frame can be sent now. */
  get isFree() {
    const waits = this.sentAt && performance.now() - this.sentAt < ANSWER_TIMEOUT_MS;
    return this.socket.isOpen && !waits && this.capabilities().length > 0;
  }

  /** The number of the next frame. */
  next() {
    this.number = (this.number + 1) % 2 ** 32;
    return this.number;
  }

  /**
   * Sends a frame.
   *
   * @param {ImageBitmap} bitmap
   * @param {number} number see {@link next}
   * @param {boolean} still whether it has nothing to do with the one before
   * @returns {Promise<Blob>} what was sent
   */
  async send(bitmap, number, still) {
    this.sentAt = performance.now();
    const side = still ? STILL_SIDE_PX : STREAM_SIDE_PX;
    const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
    const canvas = new OffscreenCanvas(
      Math.max(1, Math.round(bitmap.width * scale)),
      Math.max(1, Math.round(bitmap.height * scale)),
    );
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    let blob = null;
    for (const quality of [still ? 0.92 : 0.85, 0.6, 0.3]) {
      blob = await canvas.convertToBlob({ type: "image/jpeg", quality });
      if (blob.size <= MAX_PICTURE_BYTES) break;
    }
    this.scales.clear();
    this.scales.set(String(number), [bitmap.width / canvas.width, bitmap.height / canvas.height]);
    await this.socket.sendPicture(blob, { number, still, capabilities: this.capabilities() });
    return blob;
  }

  /** The frame that was sent is processed. */
  done() {
    this.sentAt = 0;
  }

  /** Converts a result to pixels of the frame as it is shown. */
  toShown(result) {
    const [x, y] = this.scales.get(result.stamp) ?? [1, 1];
    if (x === 1 && y === 1) return result;
    const box = ({ bbox, ...rest }) => ({
      ...rest,
      bbox: [bbox[0] * x, bbox[1] * y, bbox[2] * x, bbox[3] * y],
    });
    const values = { ...result.values };
    if (values.digits) values.digits = values.digits.map(box);
    if (values.people) {
      values.people = values.people.map((person) => ({
        ...box(person),
        keypoints: person.keypoints.map(([px, py, score]) => [px * x, py * y, score]),
      }));
    }
    return { ...result, values };
  }
}

/**
 * Calls a function for each new frame of a video element, until it is stopped.
 *
 * @param {HTMLVideoElement} video
 * @param {() => Promise<void>} onFrame
 * @returns {() => void} stops it
 */
export function eachFrame(video, onFrame) {
  let stopped = false;
  let last = -1;
  const step = async () => {
    if (stopped) return;
    if (video.currentTime !== last && video.readyState >= 2 && !document.hidden) {
      last = video.currentTime;
      await onFrame();
    }
    if (!stopped) schedule();
  };
  const schedule = () =>
    video.requestVideoFrameCallback
      ? video.requestVideoFrameCallback(step)
      : requestAnimationFrame(step);
  schedule();
  return () => {
    stopped = true;
  };
}
