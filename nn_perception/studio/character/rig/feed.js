/** Feeds a stage from a source: a camera of the server, a webcam, or files of the user. */

import {FrameSource} from 'nn-viewer/frame_source.js';

const MAX_PICTURES = 500;

export class Feed {
  /**
   * @param {import('./stage.js').Stage} stage
   * @param {(sentence: string) => void} onStatus  why nothing comes; empty: all is well
   */
  constructor(stage, onStatus) {
    this.stage = stage;
    // Each picture waits for its people, so that the figures stand where the people stand.
    this.source = new FrameSource({
      onFrame: (frame) => this.show(frame), onStatus, capabilities: ['poses'], match: true,
    });
    this.still = false;
    this.shown = null;
  }

  openCamera(id) {
    this.begin(false);
    this.source.openCamera(id);
  }

  async openWebcam(deviceId) {
    this.begin(false);
    await this.source.openWebcam(deviceId);
  }

  /**
   * Shows pictures or a video.
   *
   * @param {File[]} files
   * @returns {boolean} whether there was one among them
   */
  openFiles(files) {
    const video = files.find((file) => file.type.startsWith('video/'));
    const pictures = files.filter((file) => file.type.startsWith('image/'));
    if (!video && !pictures.length) return false;
    this.begin(!video);
    if (video) this.source.openVideo(video);
    else this.source.openPictures(pictures.slice(0, MAX_PICTURES));
    return true;
  }

  /** Number of pictures, and which one is shown. */
  get place() {
    return this.source.place;
  }

  /** Shows another picture of the user. */
  async turn(step) {
    await this.source.turn(step);
  }

  /** Lets go of the source. */
  stop() {
    this.source.stop();
  }

  close() {
    this.source.close();
  }

  begin(still) {
    this.still = still;
    this.shown = null;
    this.stage.clear();
  }

  show({bitmap, width, height, stamp, stampMs, results}) {
    // People of one still picture are no others of the next one.
    if (this.still && this.picture !== stamp) this.stage.clear();
    this.picture = stamp;
    this.stage.setImage(bitmap, width, height);
    const poses = results.poses;
    if (!poses || poses.stamp === this.shown) return;
    this.shown = poses.stamp;
    this.stage.setPeople(poses.values.people, poses.stampMs ?? stampMs);
  }
}
