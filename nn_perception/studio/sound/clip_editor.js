import { refusal } from "nn-sound/clip_recorder.js";
import { SAMPLE_RATE_HZ } from "nn-sound/mel.js";
import { drawSound } from "nn-sound/spectrogram.js";
import { decodeWav } from "nn-sound/wav.js";

const ACTIVE = "nn-active";
const OPEN = "nn-open";
const CHANGED = "nn-frames-changed";
const LENGTH_S = 1;
const SHORTEST_S = 0.1;

/** Plays the clip that is active in a list, and keeps a part of it. */
export default {
  template: `
  <section class="nn-clip" aria-label="The clip">
    <p v-if="!clip" class="nn-sentence">Choose a clip to see it, play it, or cut it.</p>
    <template v-else>
      <div class="nn-clip-picture">
        <canvas ref="canvas" role="img" :aria-label="'Spectrogram of a clip of ' + clip.label"></canvas>
        <span class="nn-cut" :style="{ left: 0, width: share(start) }"></span>
        <span class="nn-cut" :style="{ left: share(end), right: 0 }"></span>
      </div>
      <div class="nn-clip-range">
        <label class="nn-slider">Start: {{ start.toFixed(2) }} s
          <input type="range" min="0" :max="1" step="0.01" :value="start"
            @input="move('start', $event)"></label>
        <label class="nn-slider">End: {{ end.toFixed(2) }} s
          <input type="range" min="0" :max="1" step="0.01" :value="end"
            @input="move('end', $event)"></label>
      </div>
      <div class="nn-frames-tools">
        <button type="button" class="nn-button" @click="play">
          <i class="q-icon material-icons" aria-hidden="true">play_arrow</i> Play</button>
        <button type="button" class="nn-button" :disabled="whole || busy" @click="keep">
          <i class="q-icon material-icons" aria-hidden="true">content_cut</i> Keep only this part
        </button>
        <a class="nn-button" :href="address" :download="clip.label + '.wav'">
          <i class="q-icon material-icons" aria-hidden="true">download</i> Download</a>
      </div>
      <p class="nn-sentence">What is kept comes into the middle of a new clip, with silence around
        it, and replaces this one.</p>
    </template>
    <p class="nn-sentence" :class="{ 'nn-problem': failed }" role="status">{{ words }}</p>
  </section>`,
  props: { kind: Object },
  data() {
    return { clip: null, start: 0, end: LENGTH_S, words: "", failed: false, busy: false };
  },
  computed: {
    address() {
      return `${this.kind.route}/clip?${new URLSearchParams({ id: this.clip.id })}`;
    },
    whole() {
      return this.start <= 0 && this.end >= LENGTH_S;
    },
  },
  mounted() {
    this.samples = new Int16Array(0);
    this.onActive = (event) => this.show(event.detail);
    this.onOpen = () => this.play();
    window.addEventListener(ACTIVE, this.onActive);
    window.addEventListener(OPEN, this.onOpen);
  },
  unmounted() {
    window.removeEventListener(ACTIVE, this.onActive);
    window.removeEventListener(OPEN, this.onOpen);
    this.context?.close();
  },
  methods: {
    async show(clip) {
      [this.clip, this.start, this.end] = [clip, 0, LENGTH_S];
      [this.samples, this.shown] = [new Int16Array(0), clip.id];
      const answer = await fetch(this.address).catch(() => null);
      if (this.shown !== clip.id) return;
      if (!answer?.ok) {
        this.say(await refusal(answer), true);
        return;
      }
      const samples = decodeWav(await answer.arrayBuffer());
      if (this.shown !== clip.id) return;
      this.samples = samples;
      drawSound(this.$refs.canvas, samples);
    },
    move(name, event) {
      const value = Number(event.target.value);
      if (name === "start") this.start = Math.min(value, this.end - SHORTEST_S);
      else this.end = Math.max(value, this.start + SHORTEST_S);
      event.target.value = this[name];
    },
    /** Plays what would be kept. */
    play() {
      const [from, to] = [this.start, this.end].map((s) => Math.round(s * SAMPLE_RATE_HZ));
      const part = this.samples.subarray(from, to);
      if (!part.length) return;
      this.context ??= new AudioContext();
      this.context.resume();
      const buffer = this.context.createBuffer(1, part.length, SAMPLE_RATE_HZ);
      buffer.copyToChannel(Float32Array.from(part, (one) => one / 32768), 0);
      this.playing?.stop();
      this.playing = new AudioBufferSourceNode(this.context, { buffer });
      this.playing.connect(this.context.destination);
      this.playing.start();
    },
    async keep() {
      this.busy = true;
      this.words = "";
      const { id, label, recording } = this.clip;
      const body = JSON.stringify({ id, label, recording, start: this.start, end: this.end });
      const answer = await fetch(`${this.kind.route}/trim`, { method: "POST", body }).catch(
        () => null,
      );
      const words = await refusal(answer);
      this.say(words || "Only this part is kept.", Boolean(words));
      if (!words) window.dispatchEvent(new CustomEvent(CHANGED));
      this.busy = false;
    },
    say(words, failed) {
      [this.words, this.failed] = [words, failed];
    },
    share(seconds) {
      return `${(100 * seconds) / LENGTH_S}%`;
    },
  },
};
