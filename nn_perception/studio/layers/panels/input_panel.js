import { PadInput } from "nn-layers-view/pad_input.js";
import { FrameLoop, readFile } from "nn-layers-view/pictures.js";
import { JpegCamera } from "nn-teach/jpeg_camera.js";

const WEBCAM = "webcam";
const KINDS = [
  ["pad", "Draw"],
  ["example", "Examples"],
  ["test", "Test samples"],
  ["picture", "Picture"],
  ["camera", "Camera"],
];
const TEST_SAMPLES = 1000;

/**
 * Chooses what the network looks at. Emits `look` with the kind and what belongs to it: `drawing`
 * and pixels or null, `picture` and an encoded picture, `example` and a name, `test` and an index,
 * `camera` and an id.
 */
export const InputPanel = {
  components: { PadInput },
  template: `
  <section class="nn-card ly-input" aria-label="Input" :class="{ 'ly-over': over }"
    @dragover.prevent="over = true" @dragleave="over = false" @drop.prevent="drop">
    <h2>Input</h2>
    <div class="ly-tabs" role="group" aria-label="What the network looks at">
      <button v-for="[name, label] in kinds" :key="name" type="button"
        :aria-pressed="kind === name ? 'true' : 'false'" @click="choose(name)">{{ label }}</button>
    </div>
    <pad-input v-if="kind === 'pad'" :strokes="strokes" @drawing="(one) => $emit('look', 'drawing', one)">
    </pad-input>
    <div v-else-if="kind === 'example'" class="ly-examples" role="group" aria-label="Examples">
      <button v-for="one in shownExamples" :key="one.name" type="button" :aria-label="'Look at ' + one.title"
        :aria-pressed="example === one.name ? 'true' : 'false'" @click="showExample(one.name)">
        <img :src="'/layers/example/' + one.name" :alt="one.title" width="56" height="56"></button>
    </div>
    <div v-else-if="kind === 'test'" class="ly-row">
      <label>Test sample <input type="number" min="0" :value="test" data-test
        @change="showTest($event.target.value)"></label>
      <button type="button" aria-label="Previous test sample" @click="showTest(test - 1)">‹</button>
      <button type="button" aria-label="Next test sample" @click="showTest(test + 1)">›</button>
      <button type="button" @click="showTest(Math.floor(Math.random() * 1000))">Any</button>
    </div>
    <div v-else-if="kind === 'picture'">
      <button type="button" @click="$refs.file.click()">Open picture</button>
      <p class="nn-sentence">{{ name || "Or drop a picture here." }}</p>
    </div>
    <div v-else-if="kind === 'camera'">
      <q-select outlined dense options-dense emit-value map-options label="Camera" :options="sources"
        :model-value="camera" @update:model-value="showCamera"/>
      <video v-show="camera === 'webcam'" ref="video" class="ly-webcam" muted playsinline
        aria-label="Webcam of this browser"></video>
    </div>
    <input ref="file" hidden type="file" accept="image/*" aria-label="Picture" @change="opened">
    <p class="nn-problem" role="status">{{ problem }}</p>
  </section>`,
  props: { strokes: Object, examples: Array, cameras: Array, reads: String, isRun: Boolean, first: Object },
  emits: ["look", "kept"],
  data() {
    return {
      kind: "",
      example: "",
      test: 0,
      camera: "",
      name: "",
      problem: "",
      over: false,
    };
  },
  computed: {
    kinds() {
      return KINDS.filter(([name]) => name !== "test" || this.isRun);
    },
    shownExamples() {
      const fitting = this.examples.filter((one) => one.reads === this.reads);
      return fitting.length ? fitting : this.examples;
    },
    sources() {
      const listed = this.cameras.map(({ id, title }) => ({ value: id, label: title }));
      return [...listed, { value: WEBCAM, label: "Webcam of this browser" }];
    },
  },
  mounted() {
    this.onPaste = ({ clipboardData }) => this.open(clipboardData.files[0]);
    window.addEventListener("paste", this.onPaste);
  },
  beforeUnmount() {
    window.removeEventListener("paste", this.onPaste);
    this.stopWebcam();
  },
  methods: {
    /**
     * Shows something that suits the network, unless it already looks at something.
     *
     * @param {{input?: string, value?: string}} wanted what the address says
     */
    begin({ input = "", value = "" }) {
      if (this.kind && this.suits()) return;
      if (this.kind) [input, value] = ["", ""];
      if (input === "test" && this.isRun) return this.showTest(value);
      if (input === "camera" && value) {
        this.kind = "camera";
        return this.$nextTick(() => this.showCamera(value));
      }
      if (input === "example" && this.examples.some((one) => one.name === value)) {
        return this.showExample(value);
      }
      if (input === "pad" || (!input && this.reads === "digits" && !this.isRun)) {
        this.choose("pad");
      } else if (this.isRun) this.showTest(0);
      else this.showExample(this.shownExamples[0].name);
    },
    /** Whether what is looked at is something for the network. */
    suits() {
      if (this.kind === "test") return this.isRun;
      if (this.kind === "pad") return ["digits", "garments"].includes(this.reads);
      const example = this.examples.find((one) => one.name === this.example);
      return this.kind !== "example" || example.reads === this.reads;
    },
    choose(kind) {
      if (this.kind === kind) return;
      this.stopWebcam();
      [this.kind, this.problem] = [kind, ""];
      this.$emit("kept", { input: kind, value: "" });
      if (kind === "example") this.showExample(this.example || this.shownExamples[0].name);
      else if (kind === "test") this.showTest(this.test);
      else if (kind === "picture") this.$refs.file.click();
      else if (kind === "camera") this.camera = "";
    },
    showExample(name) {
      [this.kind, this.example] = ["example", name];
      this.$emit("kept", { input: "example", value: name });
      this.$emit("look", "example", name);
    },
    showTest(text) {
      const index = Math.min(Math.max(Math.round(Number(text)) || 0, 0), TEST_SAMPLES * TEST_SAMPLES);
      [this.kind, this.test] = ["test", index];
      this.$emit("kept", { input: "test", value: String(index) });
      this.$emit("look", "test", index);
    },
    async showCamera(id) {
      this.stopWebcam();
      [this.camera, this.problem] = [id, ""];
      this.$emit("kept", { input: "camera", value: id });
      if (id !== WEBCAM) return this.$emit("look", "camera", id);
      const webcam = new JpegCamera(this.$refs.video);
      this.webcam = webcam;
      try {
        await webcam.open("");
      } catch (error) {
        this.problem = error.message;
        return;
      }
      if (this.webcam !== webcam) return webcam.close();
      this.frames = new FrameLoop(
        () => webcam.jpeg(),
        (content) => {
          this.$emit("look", "frame", content);
          return this.lastNumber;
        },
      );
    },
    /** The page numbers the pictures that it sends. */
    sent(number) {
      this.lastNumber = number;
    },
    /** The picture with this number is on the screen. */
    done(number) {
      this.frames?.done(number);
    },
    stopWebcam() {
      this.frames?.stop();
      this.webcam?.close();
      this.frames = this.webcam = null;
    },
    opened({ target }) {
      this.open(target.files[0]);
      target.value = "";
    },
    drop({ dataTransfer }) {
      this.over = false;
      this.open(dataTransfer.files[0]);
    },
    async open(file) {
      if (!file) return;
      this.stopWebcam();
      try {
        const content = await readFile(file);
        [this.kind, this.name, this.problem] = ["picture", file.name.slice(0, 100), ""];
        this.$emit("kept", { input: "", value: "" });
        this.$emit("look", "picture", content);
      } catch (error) {
        this.problem = error.message;
      }
    },
  },
};
