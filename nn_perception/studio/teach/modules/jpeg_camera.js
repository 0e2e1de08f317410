import { openWebcam } from "nn-viewer/browser_camera.js";

const WIDTH = 640;
const QUALITY = 0.92;

/** The browser's camera, as pictures in JPEG. */
export class JpegCamera {
  /** @param {HTMLVideoElement} video shows the camera */
  constructor(video) {
    this.video = video;
    this.canvas = document.createElement("canvas");
    this.stream = null;
  }

  /**
   * Opens a camera; throws an error with a sentence if it cannot be used.
   *
   * @param {string} device its id; empty: the one that the browser prefers
   */
  async open(device) {
    this.stream = await openWebcam(device);
    this.video.srcObject = this.stream;
    await this.video.play();
  }

  /** The id of the camera that is open; empty if none is. */
  get id() {
    return this.stream?.getVideoTracks()[0]?.getSettings().deviceId || "";
  }

  /** @returns {Promise<Blob | null>} the current picture; null if there is none */
  async jpeg() {
    const [width, height] = [this.video.videoWidth, this.video.videoHeight];
    if (!this.stream || !width) return null;
    const scale = Math.min(1, WIDTH / width);
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    this.canvas
      .getContext("2d")
      .drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    return new Promise((resolve) => this.canvas.toBlob(resolve, "image/jpeg", QUALITY));
  }

  /** Closes the camera. */
  close() {
    if (this.stream) for (const track of this.stream.getTracks()) track.stop();
    this.stream = null;
    this.video.srcObject = null;
  }
}
