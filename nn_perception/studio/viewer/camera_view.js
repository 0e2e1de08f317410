import { listWebcams } from "nn-viewer/browser_camera.js";
import { FrameSource } from "nn-viewer/frame_source.js";
import { describe, drawResults, fit } from "nn-viewer/overlay.js";
import { saveJson, savePicture } from "nn-viewer/save.js";

const SPOKEN_MS = 1000;
const MAX_PICTURES = 500;

/** A picture with what the networks found in it, from any source. */
export default {
  template: `
  <figure class="nn-view-box" :class="{ 'nn-drop': over }" ref="box"
    @dragover.prevent="over = true" @dragleave="over = false" @drop.prevent="drop">
    <canvas ref="canvas" class="nn-canvas" role="img" :aria-label="spoken || 'No picture yet'">
    </canvas>
    <p v-if="sentence" class="nn-view-sentence" :class="{ 'nn-over-picture': shown }">
      {{ sentence }}</p>
    <p v-else-if="!shown && !opened" class="nn-view-sentence">
      Choose a camera, or drop pictures or a video here.</p>
    <div v-if="count > 1" class="nn-turn">
      <button type="button" class="nn-round" aria-label="Previous picture" @click="turn(-1)">‹</button>
      <span>{{ index + 1 }} of {{ count }}</span>
      <button type="button" class="nn-round" aria-label="Next picture" @click="turn(1)">›</button>
    </div>
    <figcaption class="nn-figures">
      <span>{{ figures || "No picture yet" }}</span>
      <span v-for="one in times" :key="one">{{ one }}</span>
    </figcaption>
    <p class="nn-hidden" aria-live="polite">{{ spoken }}</p>
    <p class="nn-hidden" role="status">{{ sentence }}</p>
    <input ref="files" type="file" multiple accept="image/*,video/*" class="nn-hidden"
      aria-label="Pictures or a video" tabindex="-1" @change="choose">
  </figure>`,
  props: { camera: String, show: Array, match: Boolean },
  data() {
    return {
      sentence: "",
      spoken: "",
      figures: "",
      times: [],
      shown: false,
      opened: false,
      over: false,
      index: 0,
      count: 0,
    };
  },
  mounted() {
    this.drawn = 0;
    this.source = new FrameSource({
      onFrame: (frame) => this.onFrame(frame),
      onStatus: (sentence) => (this.sentence = sentence),
      capabilities: this.show,
      match: this.match,
    });
    this.resized = new ResizeObserver(() => this.redraw());
    this.resized.observe(this.$refs.canvas);
    this.timer = setInterval(() => this.report(), SPOKEN_MS);
    if (this.camera) this.openCamera(this.camera);
  },
  unmounted() {
    clearInterval(this.timer);
    this.resized.disconnect();
    this.source.close();
  },
  watch: {
    show(capabilities) {
      this.source.setCapabilities(capabilities);
    },
    match(match) {
      this.source.setMatch(match);
    },
  },
  methods: {
    openCamera(id) {
      this.begin();
      this.source.openCamera(id);
    },
    async openWebcam(deviceId) {
      this.begin();
      await this.source.openWebcam(deviceId);
      this.$emit("webcams", await listWebcams());
    },
    /** Asks for files. */
    openFiles() {
      this.$refs.files.click();
    },
    freeze(frozen) {
      this.source.freeze(frozen);
      this.frozen = frozen;
    },
    async turn(step) {
      await this.source.turn(step);
      this.index = this.source.place.index;
    },
    savePicture(withResults) {
      if (this.frame) savePicture(this.frame, withResults);
    },
    saveJson() {
      if (this.frame) saveJson(this.frame, this.show);
    },
    fullScreen() {
      if (document.fullscreenElement) document.exitFullscreen();
      else this.$refs.box.requestFullscreen?.();
    },
    begin() {
      this.frame?.bitmap && (this.frame = null);
      [this.shown, this.opened, this.frozen, this.count] = [false, true, false, 0];
      [this.figures, this.times, this.spoken] = ["", [], ""];
      this.clear();
    },
    async choose({ target }) {
      const files = [...target.files];
      target.value = "";
      await this.open(files);
    },
    async drop({ dataTransfer }) {
      this.over = false;
      await this.open([...dataTransfer.files]);
    },
    /** Shows pictures or a video of the user; other files go to the page. */
    async open(files) {
      if (!files.length) return;
      const video = files.find((file) => file.type.startsWith("video/"));
      const pictures = files.filter((file) => file.type.startsWith("image/"));
      if (!video && !pictures.length) {
        this.$emit("others", files.length);
        return window.dispatchEvent(new CustomEvent("nn-upload", { detail: files[0] }));
      }
      this.begin();
      this.$emit("files", { name: (video ?? pictures[0]).name });
      if (video) return this.source.openVideo(video);
      this.count = Math.min(pictures.length, MAX_PICTURES);
      this.index = 0;
      await this.source.openPictures(pictures.slice(0, MAX_PICTURES));
    },
    onFrame(frame) {
      if (frame.stamp !== this.frame?.stamp) {
        this.drawn += 1;
        this.ageMs = frame.ageMs;
      }
      this.frame = frame;
      this.shown = true;
      this.redraw();
    },
    clear() {
      const canvas = this.$refs.canvas;
      canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    },
    redraw() {
      const { canvas } = this.$refs;
      const ratio = window.devicePixelRatio || 1;
      const [width, height] = [canvas.clientWidth, canvas.clientHeight];
      if (!width || !height) return;
      if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
      if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
      if (!this.frame) return;
      const context = canvas.getContext("2d");
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, canvas.width, canvas.height);
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      const place = fit(this.frame.width, this.frame.height, width, height);
      context.imageSmoothingQuality = "high";
      try {
        context.drawImage(this.frame.bitmap, place.left, place.top, place.width, place.height);
      } catch {
        return; // The bitmap has made way for a newer one, which comes at once.
      }
      drawResults(context, this.frame.results, place);
    },
    /** Once a second: figures for the eyes, words for the ears. */
    report() {
      const rate = this.drawn / (SPOKEN_MS / 1000);
      this.drawn = 0;
      if (!this.frame) return;
      const parts = [`${this.frame.width} × ${this.frame.height}`];
      if (!this.count && rate) parts.push(`${Math.round(rate)} frames/s`);
      const isOld = Number.isFinite(this.ageMs) && !this.count && rate > 0;
      if (isOld) parts.push(`${Math.max(0, Math.round(this.ageMs))} ms old`);
      this.figures = parts.join(" · ");
      const results = Object.values(this.frame.results);
      this.times = results
        .filter(({ inferenceMs }) => inferenceMs !== null && inferenceMs !== undefined)
        .map(({ capability, inferenceMs }) => `${capability} ${inferenceMs.toFixed(1)} ms`);
      const words = describe(this.frame.results);
      if (words !== this.spoken) this.spoken = words;
    },
  },
};
