import { ClipRecorder } from "nn-sound/clip_recorder.js";
import { Level } from "nn-sound/level.js";
import { listMicrophones, Microphone } from "nn-sound/microphone.js";
import { SoundSocket } from "nn-sound/sound_socket.js";
import { Spectrogram } from "nn-sound/spectrogram.js";

const HOLD = "nn-hold";
const RECORDING = "nn-recording";
const KEEP_MS = 500;
const LATEST = 20;
// The clips of the robot are complete a little later than their sound.
const MORE_MS = 400;

/**
 * The microphone, its spectrogram, and what is heard.
 *
 * While a record button is held, it records: the robot's microphone by events for the server, the
 * browser's by sending clips. While nothing is chosen, nothing is recorded or sent.
 */
export default {
  template: `
  <section class="nn-card nn-live nn-sound" aria-label="Microphone" :data-blocks="blocks">
    <div class="nn-choice" role="group" aria-label="Microphone">
      <button type="button" class="nn-button" :aria-pressed="source === 'browser'"
        @click="use('browser')">Browser's</button>
      <button type="button" class="nn-button" :aria-pressed="source === 'robot'"
        :disabled="!microphones.length" @click="use('robot')">Robot's</button>
      <button type="button" class="nn-button" :aria-pressed="source === 'none'"
        @click="use('none')">Off</button>
    </div>
    <label v-if="source === 'robot'" class="nn-slider">The robot's microphone
      <select :value="microphone" @change="hear($event.target.value)">
        <option v-for="one in microphones" :key="one.id" :value="one.id">{{ one.title }}</option>
      </select></label>
    <label v-if="source === 'browser' && devices.length" class="nn-slider">The browser's microphone
      <select :value="device" @change="open($event.target.value)">
        <option v-for="one in devices" :key="one.id" :value="one.id">{{ one.label }}</option>
      </select></label>
    <p v-if="source === 'none'" class="nn-sentence">Choose a microphone. Nothing is recorded or
      sent before.</p>
    <p class="nn-sentence nn-problem" role="alert">{{ failure || problem }}</p>
    <div v-show="source !== 'none'" class="nn-level" role="meter" aria-label="Level"
      aria-valuemin="-90" aria-valuemax="0" :aria-valuenow="Math.round(db)"
      :aria-valuetext="Math.round(db) + ' dB'">
      <span :class="{ 'nn-loud': hint }" :style="{ width: 100 * share + '%' }"></span>
      <em>{{ Math.round(db) }} dB</em></div>
    <p class="nn-sentence nn-hint" role="status">{{ hint }}</p>
    <figure v-show="source !== 'none'" class="nn-spectrogram"
      :class="{ 'nn-recording-picture': label }">
      <canvas ref="canvas" role="img" aria-label="Spectrogram of the last six seconds: time to the
        right, low tones at the bottom"></canvas>
      <span v-if="label" class="nn-badge">● {{ label }}</span>
      <figcaption><span>6 s ago</span><span>0 to 8 kHz</span><span>now</span></figcaption>
    </figure>
    <h2>What it hears</h2>
    <p v-if="message" class="nn-sentence">{{ message }}</p>
    <p class="nn-heard" role="status" aria-live="polite">{{ heard }}</p>
    <ul class="nn-bars" aria-label="Scores">
      <li v-for="tag in tags" :key="tag.label"
        :class="{ 'nn-unknown': ['unknown', 'silence'].includes(tag.label) }">
        <span class="nn-bar-name">{{ tag.label }}</span>
        <span class="nn-bar"><span :style="{ width: 100 * tag.score + '%' }"></span></span>
        <span class="nn-bar-score">{{ Math.round(100 * tag.score) }} %</span></li>
    </ul>
    <details v-if="latest.length">
      <summary>Heard lately, as a table</summary>
      <table class="nn-table">
        <thead><tr><th scope="col">time</th><th scope="col">heard</th><th scope="col">score</th>
        </tr></thead>
        <tbody><tr v-for="one in latest" :key="one.number"><th scope="row">{{ one.time }}</th>
          <td>{{ one.label }}</td><td>{{ Math.round(100 * one.score) }} %</td></tr></tbody>
      </table>
    </details>
  </section>`,
  props: { cameras: Object, camera: String, microphones: Array, kind: Object },
  data() {
    return {
      source: "none",
      devices: [],
      device: "",
      microphone: "",
      problem: "",
      failure: "",
      message: "",
      hint: "",
      heard: "",
      label: "",
      db: -90,
      share: 0,
      blocks: 0,
      tags: [],
      latest: [],
    };
  },
  mounted() {
    this.level = new Level();
    this.picture = new Spectrogram(this.$refs.canvas);
    this.socket = new SoundSocket({
      onSound: (samples) => this.source === "robot" && this.show(samples),
      onResult: (result) => this.follow(result),
      onMessage: (words) => {
        this.message = words;
      },
    });
    this.recorder = new ClipRecorder(this.kind.route, {
      onLeft: (label, left) => this.tell(label, left),
      onFailure: (words) => {
        this.failure = words;
      },
    });
    this.onHold = (event) => this.hold(event.detail);
    window.addEventListener(HOLD, this.onHold);
  },
  unmounted() {
    window.removeEventListener(HOLD, this.onHold);
    this.stop();
    this.picture.close();
  },
  methods: {
    /** Ends whatever is going on. */
    stop() {
      this.end();
      this.opening = null;
      this.opened?.close();
      this.opened = null;
      this.socket.close();
      this.level.reset();
      Object.assign(this, { problem: "", failure: "", message: "", hint: "", heard: "" });
      Object.assign(this, { tags: [], share: 0, db: -90, blocks: 0 });
    },
    async use(source) {
      if (source === this.source) return;
      this.stop();
      this.picture.clear();
      this.source = source;
      this.$emit("source", { source });
      if (source === "browser") await this.open(this.device);
      else if (source === "robot") this.hear(this.microphone || this.microphones[0].id);
      else this.socket.listen({ source });
    },
    /** Listens to a microphone of the robot. */
    hear(microphone) {
      this.end();
      this.microphone = microphone;
      this.picture.clear();
      if (microphone in this.cameras) this.$emit("camera", { camera: microphone });
      this.socket.listen({ source: "robot", microphone });
    },
    /** Opens a microphone of the browser. */
    async open(device) {
      this.stop();
      const opening = (this.opening = {});
      this.device = device;
      try {
        const opened = await Microphone.open(
          device,
          (samples) => this.opening === opening && this.send(samples),
          (words) => {
            this.stop();
            this.problem = words;
          },
        );
        if (this.opening !== opening) {
          opened.close();
          return;
        }
        this.opened = opened;
        this.socket.listen({ source: "browser" });
        this.devices = await listMicrophones();
        this.device = device || opened.id;
      } catch (error) {
        if (this.opening === opening) this.problem = error.message;
      }
    },
    send(samples) {
      this.socket.send(samples);
      this.recorder.push(samples);
      this.show(samples);
    },
    show(samples) {
      this.level.push(samples);
      this.picture.push(samples);
      [this.db, this.share, this.hint] = [this.level.db, this.level.share, this.level.hint];
      this.blocks++;
    },
    follow({ tags }) {
      this.tags = tags;
      const [best] = tags;
      const label = best ? best.label : "";
      if (label && label !== this.latest[0]?.label) {
        const time = new Date().toLocaleTimeString();
        const one = { number: (this.latest[0]?.number || 0) + 1, time, ...best };
        this.latest = [one, ...this.latest.slice(0, LATEST - 1)];
      }
      // The best score while it lasts, but not read aloud for each change of it.
      if (best && this.latest[0]) this.latest[0].score = Math.max(this.latest[0].score, best.score);
      this.heard = label;
    },
    hold({ label, on, seconds = 0 }) {
      if (!on) {
        if (label === this.label) this.release(seconds);
        return;
      }
      this.end();
      this.failure = "";
      if (this.source === "none" || (this.source === "browser" && !this.opened)) {
        this.failure = "Choose a microphone before you record.";
        this.announce(label, 0);
        return;
      }
      this.label = label;
      if (this.source === "browser") this.recorder.start(label, seconds);
      else this.record(label, seconds);
    },
    /** Records the robot's microphone, for some seconds or until the button is released. */
    record(label, seconds) {
      this.$emit("hold", { label, rate: 1 });
      const started = performance.now();
      this.keeping = setInterval(() => {
        this.$emit("keep");
        const passed = performance.now() - started;
        if (seconds && passed >= 1000 * seconds + MORE_MS) this.end();
        else if (seconds) this.announce(label, Math.max(1, Math.ceil(seconds - passed / 1000)));
      }, KEEP_MS / 2);
    },
    /** The button is released, or that of a fixed length is pressed again. */
    release(seconds) {
      if (this.source === "browser" && !seconds) this.recorder.release();
      else this.end();
    },
    end() {
      clearInterval(this.keeping);
      this.recorder.end();
      if (this.label && this.source === "robot") this.$emit("release");
      if (this.label) this.announce(this.label, 0);
      this.label = "";
    },
    /** What the recorder says. */
    tell(label, left) {
      if (!left && this.label === label) this.label = "";
      this.announce(label, left);
    },
    announce(label, left) {
      window.dispatchEvent(new CustomEvent(RECORDING, { detail: { label, left } }));
    },
  },
};
