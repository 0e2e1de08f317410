/**
 * Recordings: a video of the stage, and the keypoints as JSON.
 *
 * The file of keypoints:
 * `{"format": "nn_perception keypoints", "version": 1, "width": W, "height": H, "joints": [17 names],
 *   "frames": [{"time_ms": T, "people": [{"id": I, "score": S, "keypoints": [[x, y, score] * 17]}]}]}`
 */

import {JOINTS} from './joints.js';

export const FORMAT = 'nn_perception keypoints';
/** Ten minutes at 30 pictures a second. */
export const MAX_FRAMES = 18000;
export const MAX_SECONDS = 600;
export const MAX_PEOPLE = 20;
export const MAX_FILE_BYTES = 200e6;
const FRAME_RATE = 30;
const TYPES = ['video/webm;codecs=vp9', 'video/webm;codecs=vp8', 'video/webm'];

/** Collects the keypoints of a source. */
export class KeypointLog {
  constructor(width, height) {
    this.start = null;
    this.content = {format: FORMAT, version: 1, width, height, joints: JOINTS, frames: []};
  }

  add(people, time) {
    const {frames} = this.content;
    if (frames.length >= MAX_FRAMES) return;
    this.start ??= time;
    const rounded = (value) => Math.round(value * 1000) / 1000;
    frames.push({
      time_ms: rounded(time - this.start),
      people: people.map(({id, score, keypoints}) => ({
        id, score: rounded(score ?? 0), keypoints: keypoints.map((point) => point.map(rounded)),
      })),
    });
  }

  blob() {
    return new Blob([JSON.stringify(this.content)], {type: 'application/json'});
  }
}

/** Records the canvas as WebM. */
export class VideoLog {
  /**
   * @param {HTMLCanvasElement} canvas
   * @throws {Error} if the browser cannot record
   */
  constructor(canvas) {
    const type = TYPES.find((name) => globalThis.MediaRecorder?.isTypeSupported(name));
    if (!type) throw new Error('This browser cannot record video; the keypoints are recorded.');
    this.parts = [];
    this.stream = canvas.captureStream(FRAME_RATE);
    this.recorder = new MediaRecorder(this.stream, {mimeType: type});
    this.recorder.ondataavailable = (event) => {
      if (event.data.size) this.parts.push(event.data);
    };
    this.recorder.start(1000);
  }

  /** @returns {Promise<Blob>} */
  stop() {
    return new Promise((resolve) => {
      this.recorder.onstop = () => {
        for (const track of this.stream.getTracks()) track.stop();
        resolve(new Blob(this.parts, {type: 'video/webm'}));
      };
      this.recorder.stop();
    });
  }
}

/**
 * Names the files of a recording, for links that save them.
 *
 * @param {{keypoints: Blob, video: ?Blob}} recording
 */
export function downloads({keypoints, video}) {
  const files = [['Video', 'webm', video], ['Keypoints', 'json', keypoints]];
  const stamp = new Date().toISOString().slice(0, 19).replace(/[:T]/g, '-');
  return files.filter(([, , blob]) => blob?.size).map(([label, ending, blob]) => ({
    label, name: `character-${stamp}.${ending}`, url: URL.createObjectURL(blob),
  }));
}

/**
 * Reads a file of keypoints.
 *
 * @param {string} text
 * @throws {Error} with a sentence, if it is something else
 */
export function readKeypoints(text) {
  let content;
  try {
    content = JSON.parse(text);
  } catch {
    throw new Error('The file is not JSON.');
  }
  if (content?.format !== FORMAT || content.version !== 1 || !Array.isArray(content.frames)) {
    throw new Error('The file does not contain keypoints that were saved here.');
  }
  const {width, height, frames} = content;
  if (!(width >= 1 && width <= 20000 && height >= 1 && height <= 20000)) {
    throw new Error('The file does not say how large its pictures are.');
  }
  if (!frames.length) throw new Error('The file contains no frames.');
  if (frames.length > MAX_FRAMES) throw new Error(`The file has more than ${MAX_FRAMES} frames.`);
  let last = -Infinity;
  frames.forEach((frame, index) => {
    const problem = !(frame?.time_ms >= last) ? 'its time is missing or earlier than the one before'
      : !Array.isArray(frame.people) || frame.people.length > MAX_PEOPLE ? 'its people are missing or too many'
        : !frame.people.every(isPerson) ? 'a person does not have 17 keypoints of three numbers' : '';
    if (problem) throw new Error(`Frame ${index + 1} is not understood: ${problem}.`);
    last = frame.time_ms;
  });
  return {width, height, frames};
}

export function isPerson(person) {
  return Array.isArray(person?.keypoints) && person.keypoints.length === 17
    && person.keypoints.every((point) =>
      Array.isArray(point) && point.length === 3 && point.every(Number.isFinite));
}
