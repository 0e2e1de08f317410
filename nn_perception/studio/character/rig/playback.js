/** Plays a file of keypoints. */

export class Playback {
  /**
   * @param {{width: number, height: number, frames: Object[]}} recording  from `readKeypoints`
   * @param {{setImage: Function, setPeople: Function}} stage
   * @param {() => void} onEnd  called once, when the last frame has been shown
   */
  constructor(recording, stage, onEnd) {
    this.frames = recording.frames;
    this.stage = stage;
    this.onEnd = onEnd;
    this.next = 0;
    this.start = performance.now() - recording.frames[0].time_ms;
    stage.setImage(null, recording.width, recording.height);
    this.request = requestAnimationFrame((now) => this.step(now));
  }

  step(now) {
    const time = now - this.start;
    let frame = null;
    while (this.next < this.frames.length && this.frames[this.next].time_ms <= time) {
      frame = this.frames[this.next];
      this.next += 1;
    }
    if (frame) this.stage.setPeople(frame.people, frame.time_ms);
    if (this.next < this.frames.length) {
      this.request = requestAnimationFrame((later) => this.step(later));
    } else {
      this.onEnd();
    }
  }

  stop() {
    cancelAnimationFrame(this.request);
  }
}
