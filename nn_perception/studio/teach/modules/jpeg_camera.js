const WIDTH = 640;
const HEIGHT = 480;
const QUALITY = 0.92;

const REASONS = {
  NotAllowedError:
    "The browser does not allow the camera. Allow it beside the address of the page, and choose this camera again.",
  NotFoundError: "This computer has no camera that the browser can use.",
  NotReadableError: "The camera is used by another program. Close it, and choose this camera again.",
  OverconstrainedError: "This computer has no camera that the browser can use.",
};

/** The browser's camera, as pictures in JPEG. */
export class JpegCamera {
  /** @param {HTMLVideoElement} video shows the camera */
  constructor(video) {
    this.video = video;
    this.canvas = document.createElement("canvas");
    this.stream = null;
  }

  /** Opens the camera; throws an error with a sentence if it cannot be used. */
  async open() {
    if (!navigator.mediaDevices) {
      throw new Error(
        "Browsers open a camera only for localhost or https. Open the page there, or record the robot's camera.",
      );
    }
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { width: { ideal: WIDTH }, height: { ideal: HEIGHT } },
      });
    } catch (error) {
      throw new Error(REASONS[error.name] || `The camera cannot be opened: ${error.message}`);
    }
    this.video.srcObject = this.stream;
    await this.video.play();
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
