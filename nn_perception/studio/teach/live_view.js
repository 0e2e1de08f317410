import { JpegCamera } from "nn-teach/jpeg_camera.js";
import { listWebcams } from "nn-viewer/browser_camera.js";

const LOOK_MS = 500;
const KEEP_MS = 500;
const RETRY_MS = 1000;
const HOLD = "nn-hold";

/**
 * The camera picture, what the active version sees in it, and the frames that look like it.
 *
 * While a record button is held, it records: the robot's camera by events for the server, the
 * browser's camera by sending its pictures.
 */
export default {
  template: `
  <section class="nn-card nn-live" aria-label="Camera">
    <div class="nn-choice" role="group" aria-label="Camera">
      <button type="button" class="nn-button" :aria-pressed="source === 'robot'"
        @click="use('robot')">Robot's camera</button>
      <button type="button" class="nn-button" :aria-pressed="source === 'webcam'"
        @click="use('webcam')">This browser's camera</button>
    </div>
    <label v-if="source === 'robot' && Object.keys(cameras).length > 1" class="nn-slider">Camera
      <select :value="camera" @change="$emit('camera', { camera: $event.target.value })">
        <option v-for="(title, id) in cameras" :key="id" :value="id">{{ title }}</option>
      </select></label>
    <label v-if="source === 'webcam' && devices.length > 1" class="nn-slider">Camera
      <select :value="device" @change="open($event.target.value)">
        <option v-for="one in devices" :key="one.id" :value="one.id">{{ one.label }}</option>
      </select></label>
    <div class="nn-picture" :class="{ 'nn-recording-picture': label }">
      <img v-show="source === 'robot' && shown" ref="image" alt="What the robot's camera sees">
      <video v-show="source === 'webcam' && shown" ref="video" muted playsinline
        aria-label="What this browser's camera sees"></video>
      <p v-if="!shown" class="nn-sentence">{{ problem || "Waiting for the camera" }}</p>
      <span v-if="label" class="nn-badge">● {{ label }}</span>
    </div>
    <p class="nn-sentence nn-problem" role="alert">{{ failure }}</p>
    <label class="nn-slider">Frames a second while recording: {{ rate }}
      <input type="range" min="1" max="30" step="1" v-model.number="rate"></label>
    <h2>What it sees</h2>
    <p v-if="message" class="nn-sentence">{{ message }}</p>
    <ul class="nn-bars" aria-label="Scores">
      <li v-for="tag in tags" :key="tag.label" :class="{ 'nn-unknown': tag.label === 'unknown' }">
        <span class="nn-bar-name">{{ tag.label }}</span>
        <span class="nn-bar"><span :style="{ width: 100 * tag.score + '%' }"></span></span>
        <span class="nn-bar-score">{{ Math.round(100 * tag.score) }} %</span></li>
    </ul>
    <template v-if="nearest.length">
      <h2>Because of these</h2>
      <ul class="nn-nearest" aria-label="Stored frames that look like the picture">
        <li v-for="frame in nearest" :key="frame.id">
          <img :src="thumbnail(frame)" :alt="frame.label">
          <span>{{ frame.label }}</span><span class="nn-soft">{{ similarity(frame) }}</span></li>
      </ul>
    </template>
  </section>`,
  props: { cameras: Object, camera: String },
  data() {
    return {
      source: "robot",
      devices: [],
      device: "",
      shown: false,
      problem: "",
      failure: "",
      rate: 10,
      label: "",
      message: "",
      tags: [],
      nearest: [],
    };
  },
  mounted() {
    this.alive = true;
    this.webcam = new JpegCamera(this.$refs.video);
    this.onHold = (event) => this.hold(event.detail);
    window.addEventListener(HOLD, this.onHold);
    this.visible = true;
    this.observer = new IntersectionObserver((seen) => {
      this.visible = seen[seen.length - 1].isIntersecting;
    });
    this.observer.observe(this.$el);
    this.show();
    this.look();
  },
  unmounted() {
    this.alive = false;
    window.removeEventListener(HOLD, this.onHold);
    this.observer.disconnect();
    this.release();
    this.webcam.close();
    if (this.url) URL.revokeObjectURL(this.url);
  },
  methods: {
    /** Shows the robot's camera: asks for the next image when one is on the screen. */
    async show() {
      let stamp = "0";
      while (this.alive) {
        if (this.source !== "robot" || document.hidden) {
          await wait(200);
          continue;
        }
        const answer = await fetch(`/teach/view?after=${stamp}`).catch(() => null);
        if (!this.alive || this.source !== "robot") continue;
        if (answer && answer.headers.has("x-stamp")) {
          stamp = answer.headers.get("x-stamp");
          await this.draw(await answer.blob());
        } else {
          this.shown = false;
          this.problem = answer ? await detail(answer) : "The server cannot be reached.";
          await wait(RETRY_MS);
        }
      }
    },
    async draw(blob) {
      const before = this.url;
      this.url = URL.createObjectURL(blob);
      this.$refs.image.src = this.url;
      await this.$refs.image.decode().catch(() => {});
      if (before) URL.revokeObjectURL(before);
      this.shown = this.source === "robot";
    },
    async use(source) {
      if (source === this.source) return;
      this.release();
      [this.source, this.shown, this.problem, this.failure] = [source, false, "", ""];
      this.webcam.close();
      if (source === "webcam") await this.open(this.device);
    },
    /** Opens a camera of the browser. */
    async open(device) {
      this.release();
      this.webcam.close();
      [this.device, this.shown, this.problem] = [device, false, ""];
      try {
        await this.webcam.open(device);
        this.shown = this.source === "webcam";
        if (!this.shown) this.webcam.close();
        this.devices = await listWebcams();
        this.device = device || this.webcam.id;
      } catch (error) {
        if (this.source === "webcam") this.problem = error.message;
      }
    },
    async look() {
      while (this.alive) {
        await wait(LOOK_MS);
        if (document.hidden || !this.visible || !this.shown) continue;
        const body = this.source === "webcam" ? await this.webcam.jpeg() : null;
        if (this.source === "webcam" && !body) continue;
        if (!this.looked) this.message = "The network is loading; the first time takes a while.";
        const answer = await fetch("/teach/look", { method: "POST", body }).catch(() => null);
        this.looked = true;
        if (!answer) continue;
        const found = await answer.json().catch(() => ({ detail: "The server cannot be reached." }));
        [this.message, this.tags] = [found.message || found.detail || "", found.tags || []];
        this.nearest = found.nearest || [];
      }
    },
    hold({ label, on }) {
      if (!on) {
        if (label === this.label) this.release();
        return;
      }
      [this.label, this.failure] = [label, ""];
      if (this.source === "webcam") {
        this.send(label);
      } else {
        this.$emit("hold", { label, rate: this.rate });
        this.keeping = setInterval(() => this.$emit("keep"), KEEP_MS);
      }
    },
    release() {
      clearInterval(this.keeping);
      if (this.label && this.source === "robot") this.$emit("release");
      this.label = "";
    },
    /** Sends pictures of the browser's camera while the button is held. */
    async send(label) {
      const query = new URLSearchParams({ label });
      let due = performance.now();
      while (this.alive && this.label === label && this.source === "webcam") {
        const body = await this.webcam.jpeg();
        if (!body) {
          this.failure = "This browser's camera shows nothing yet.";
          break;
        }
        const answer = await fetch(`/teach/frames?${query}`, { method: "POST", body }).catch(
          () => null,
        );
        this.failure = answer ? await detail(answer) : "The server cannot be reached.";
        if (this.failure) break;
        due = Math.max(due + 1000 / this.rate, performance.now() - 1000);
        await wait(due - performance.now());
      }
      if (this.label === label) this.label = "";
    },
    thumbnail(frame) {
      return `/teach/thumbnail?${new URLSearchParams({ id: frame.id, hash: frame.hash })}`;
    },
    similarity(frame) {
      return `${Math.round(100 * frame.similarity)} % alike`;
    },
  },
};

/**
 * @param {number} ms
 * @returns {Promise<void>}
 */
function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}

/**
 * @param {Response} answer
 * @returns {Promise<string>} why it is a refusal, in words; empty if it is none
 */
async function detail(answer) {
  const text = await answer.text().catch(() => "");
  try {
    return String(JSON.parse(text).detail || "");
  } catch {
    return text.length && text.length < 500 ? text : `The server answers ${answer.status}.`;
  }
}
