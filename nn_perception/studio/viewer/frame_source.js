/**
 * Pictures with what the networks find in them: from a camera of the server, a webcam of the
 * browser, pictures or a video of the user.
 *
 * @typedef {object} Frame
 * @property {ImageBitmap} bitmap valid until the next call
 * @property {number} width in pixels; results have the same pixels
 * @property {number} height
 * @property {number} stampMs time of capture, in ms since 1970
 * @property {number} ageMs when it is shown; NaN if it is unknown
 * @property {string} stamp identifies it within its source
 * @property {Object<string, import("./frame_sync.js").Drawn>} results by capability
 */

import { CameraError, openWebcam } from "nn-viewer/browser_camera.js";
import { FrameSync } from "nn-viewer/frame_sync.js";
import { eachFrame, FrameSender } from "nn-viewer/local_frames.js";
import { ViewerSocket } from "nn-viewer/viewer_socket.js";

export class FrameSource {
  /**
   * @param {object} options
   * @param {(frame: Frame) => void} options.onFrame called when something else is to be drawn
   * @param {(sentence: string) => void} [options.onStatus] why nothing comes; empty: all is well
   * @param {string[]} [options.capabilities] of tags, digits and poses
   * @param {boolean} [options.match] whether pictures always wait for their results
   */
  constructor({ onFrame, onStatus = () => {}, capabilities = [], match = false }) {
    this.onFrame = onFrame;
    this.onStatus = onStatus;
    this.capabilities = [...capabilities];
    this.sync = new FrameSync({ match });
    this.sync.setWanted(capabilities);
    this.opening = 0;
    this.onVisibility = () => this.#follow();
    document.addEventListener("visibilitychange", this.onVisibility);
  }

  /** Shows a camera of the server. @param {string} id */
  openCamera(id) {
    this.#begin();
    this.camera = id;
    this.socket = new ViewerSocket("/viewer/socket", {
      onOpen: () => this.#follow(),
      onMessage: (sentence) => this.onStatus(sentence),
      onImage: (image) => this.#onCameraImage(image),
      onResult: (result) => this.sync.addResult(result, performance.now()),
    });
  }

  /** Shows a webcam of the browser. @param {string} [deviceId] empty: the preferred one */
  async openWebcam(deviceId = "") {
    const opening = this.#begin();
    this.onStatus("Waiting for the camera: the browser may ask whether this page may use it.");
    try {
      const stream = await openWebcam(deviceId);
      if (opening !== this.opening) {
        stream.getTracks().forEach((track) => track.stop());
        return;
      }
      this.stream = stream;
      stream.getVideoTracks()[0].onended = () =>
        this.onStatus("The camera was unplugged or switched off. Choose it again.");
      await this.#play((video) => (video.srcObject = stream));
      this.onStatus("");
    } catch (error) {
      if (opening !== this.opening) return;
      this.onStatus(error instanceof CameraError ? error.message : String(error.message || error));
    }
  }

  /** Plays a video of the user, again and again. @param {File} file */
  async openVideo(file) {
    const opening = this.#begin();
    this.url = URL.createObjectURL(file);
    try {
      await this.#play((video) => {
        video.loop = true;
        video.src = this.url;
      });
    } catch {
      if (opening === this.opening) {
        this.onStatus(`${file.name} is no video that this browser can play.`);
      }
    }
  }

  /** Shows pictures of the user, the first one first. @param {File[]} files */
  async openPictures(files) {
    this.#begin();
    this.pictures = [...files];
    this.index = 0;
    this.#openSender();
    await this.#showPicture();
  }

  /** Number of pictures of the user, and which one is shown. */
  get place() {
    return { index: this.index ?? 0, count: this.pictures?.length ?? 0 };
  }

  /** Shows another picture of the user. @param {number} step 1: the next one */
  async turn(step) {
    if (!this.pictures) return;
    this.index = (this.index + step + this.pictures.length) % this.pictures.length;
    await this.#showPicture();
  }

  /** @param {string[]} capabilities whose results are wanted */
  setCapabilities(capabilities) {
    this.capabilities = [...capabilities];
    this.sync.setWanted(capabilities);
    this.#follow();
    if (this.pictures) this.#showPicture();
  }

  /** @param {boolean} match whether pictures always wait for their results */
  setMatch(match) {
    this.sync.match = match;
  }

  /** Stays with a picture and its own results; or goes on. @param {boolean} frozen */
  freeze(frozen) {
    this.sync.freeze(frozen);
    if (frozen) this.video?.pause();
    else this.video?.play().catch(() => {});
    this.#follow();
  }

  /** Lets go of the camera and the connection; another source may be opened. */
  stop() {
    this.opening += 1;
    this.stopFrames?.();
    this.stream?.getTracks().forEach((track) => track.stop());
    this.socket?.close();
    this.video?.pause();
    this.video?.removeAttribute("src");
    if (this.url) URL.revokeObjectURL(this.url);
    cancelAnimationFrame(this.drawing);
    for (const { picture } of this.sync.entries) picture.bitmap?.close();
    this.sync.clear();
    this.camera = this.socket = this.stream = this.video = this.url = this.pictures = null;
    this.stopFrames = this.sender = this.index = null;
  }

  /** Lets go of everything, for good. */
  close() {
    this.stop();
    document.removeEventListener("visibilitychange", this.onVisibility);
  }

  #begin() {
    this.stop();
    this.sync.frozen = false;
    this.onStatus("");
    this.#draw();
    return this.opening;
  }

  /** Tells the server what is wanted now: nothing while the page is hidden. */
  #follow() {
    if (!this.camera) return;
    const hidden = document.hidden || this.sync.frozen;
    this.socket.send(
      hidden ? { watch: null } : { watch: this.camera, capabilities: this.capabilities },
    );
  }

  async #onCameraImage(image) {
    const opening = this.opening;
    image.receivedAt = performance.now();
    try {
      image.bitmap = await createImageBitmap(image.blob);
    } catch {
      this.onStatus("An image of the camera is damaged and cannot be shown.");
    }
    if (opening !== this.opening) return image.bitmap?.close();
    if (image.bitmap) this.#add(image);
    this.socket.send({ ack: image.number });
  }

  #openSender() {
    this.socket = new ViewerSocket("/viewer/upload", {
      onOpen: () => {
        this.sender.done();
        if (this.pictures) this.#showPicture();
      },
      onMessage: (sentence) => this.onStatus(sentence),
      onDone: () => this.sender?.done(),
      onResult: (result) => this.sync.addResult(this.sender.toShown(result), performance.now()),
    });
    this.sender = new FrameSender(this.socket, () => this.capabilities);
  }

  async #play(prepare) {
    this.#openSender();
    const video = document.createElement("video");
    this.video = video;
    video.muted = video.playsInline = true;
    prepare(video);
    await video.play();
    this.stopFrames = eachFrame(video, () => this.#onVideoFrame(video));
  }

  async #onVideoFrame(video) {
    const { opening, sender } = this;
    if (this.sync.frozen) return;
    const bitmap = await createImageBitmap(video);
    if (opening !== this.opening) return bitmap.close();
    const number = sender.next();
    const expected = sender.isFree;
    this.#add({ stamp: String(number), stampMs: Date.now(), bitmap, expected });
    if (expected) await sender.send(bitmap, number, false);
  }

  async #showPicture() {
    const { opening, sender } = this;
    const file = this.pictures[this.index];
    let bitmap = null;
    try {
      bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    } catch {
      this.onStatus(`${file.name} is no picture that this browser can show.`);
      return;
    }
    if (opening !== this.opening) return bitmap.close();
    const number = sender.next();
    this.sync.clear();
    this.#add({ stamp: String(number), stampMs: Date.now(), bitmap, expected: false });
    const free = this.socket.isOpen && this.capabilities.length;
    if (free) await sender.send(bitmap, number, true);
  }

  #add(picture) {
    const now = performance.now();
    picture.width = picture.bitmap.width;
    picture.height = picture.bitmap.height;
    for (const dropped of this.sync.addPicture(picture, now)) dropped.bitmap?.close();
    this.#trim();
  }

  /** Bitmaps are large: what will not be shown soon is kept as JPEG, or not at all. */
  #trim() {
    const kept = this.sync.match ? 30 : 6;
    const { entries, shown } = this.sync;
    for (const entry of entries.slice(0, -kept)) {
      if (entry !== shown && entry.picture.bitmap) {
        entry.picture.bitmap.close();
        entry.picture.bitmap = null;
        entry.picture.gone = !entry.picture.blob;
      }
    }
  }

  #draw() {
    const chosen = this.sync.choose(performance.now());
    if (chosen?.changed) this.#deliver(chosen);
    this.drawing = requestAnimationFrame(() => this.#draw());
  }

  async #deliver({ picture, results }) {
    if (!picture.bitmap) {
      if (!picture.blob) return;
      picture.bitmap = await createImageBitmap(picture.blob);
      if (this.sync.shown?.picture !== picture) return;
    }
    const { bitmap, width, height, stamp, stampMs } = picture;
    const sinceMs = performance.now() - (picture.receivedAt ?? performance.now());
    const ageMs = picture.ageMs === undefined ? Date.now() - stampMs : picture.ageMs + sinceMs;
    this.onFrame({ bitmap, width, height, stamp, stampMs, ageMs, results });
  }
}
