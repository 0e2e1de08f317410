/** A picture or a drawing of one's own, and what the run sees in it, again after each step. */

import { percent, unpack } from "nn-details/binary.js";
import { oneAtATime } from "nn-details/one_at_a_time.js";
import { OwnPad } from "nn-details/own_pad.js";

const MAX_BYTES = 16 * 1024 * 1024;

export default {
  template: `
  <div class="nn-own">
    <div>
      <div class="nn-own-pad" :class="{ 'nn-over': over }" @dragover.prevent="over = true"
          @dragleave="over = false" @drop.prevent="drop">
        <canvas ref="canvas" tabindex="0" role="application" aria-label="Drawing pad" aria-describedby="nn-own-help"
          @keydown="keyDown" @keyup="pad.keys.up($event)" @blur="pad.keys.hide()"></canvas>
        <img v-if="file" :src="file.url" :alt="'Your picture: ' + file.name">
      </div>
      <div class="nn-row">
        <button type="button" class="nn-button" @click="$refs.file.click()">Open picture</button>
        <button type="button" class="nn-button" :disabled="!!file" @click="pad.undo()">Undo</button>
        <button type="button" class="nn-button" @click="clear">{{ file ? "Back to the pad" : "Clear" }}</button>
        <input ref="file" hidden type="file" accept="image/*" aria-label="Picture to test" @change="chosen">
      </div>
      <p id="nn-own-help" class="nn-sentence">Draw with the mouse, a finger or a pen, or drop, paste or open a picture.
        The pad keeps what was drawn in the view Digits. By keyboard: arrows move the cursor, the space bar holds the
        pen down, Delete clears.</p>
    </div>
    <div aria-live="polite">
      <p class="nn-sentence" :class="{ 'nn-problem': problem }" role="status">{{ problem || message }}</p>
      <template v-if="answer">
        <p class="nn-big" data-answer>{{ answer.top[0].label }}, {{ percent(answer.top[0].score) }}</p>
        <div v-for="one in answer.top" :key="one.label" class="nn-top"><span class="nn-top-label">{{ one.label }}</span>
          <span class="nn-top-bar" aria-hidden="true"><span :style="{ width: 100 * one.score + '%' }"></span></span>
          <span class="nn-top-score">{{ percent(one.score) }}</span></div>
        <figure class="nn-seen"><canvas ref="seen" role="img" aria-label="What the network sees"></canvas>
          <figcaption class="nn-sentence">What the network sees: {{ answer.height }} x {{ answer.width }} pixels,
            read in {{ answer.ms.toFixed(1) }} ms.</figcaption></figure>
      </template>
    </div>
  </div>`,
  props: { run: String, step: Number },
  data() {
    return { over: false, file: null, answer: null, problem: "", message: "", pad: null };
  },
  watch: {
    step() {
      this.ask();
    },
    run() {
      this.answer = null;
      this.ask();
    },
  },
  created() {
    this.ask = oneAtATime(() => this.send(), () => this.closed);
  },
  mounted() {
    this.pad = new OwnPad(this.$refs.canvas, () => this.ask());
    this.onPaste = (event) => this.paste(event);
    window.addEventListener("paste", this.onPaste);
    this.ask();
  },
  beforeUnmount() {
    this.closed = true;
    this.abort?.abort();
    this.forgetFile();
    this.pad.close();
    window.removeEventListener("paste", this.onPaste);
  },
  methods: {
    percent,
    keyDown(event) {
      if (event.ctrlKey || event.metaKey || event.altKey || !this.pad.keyDown(event)) return;
      event.preventDefault();
    },
    chosen({ target }) {
      this.open(target.files[0]);
      target.value = "";
    },
    drop(event) {
      this.over = false;
      this.open(event.dataTransfer.files[0]);
    },
    paste(event) {
      this.open([...event.clipboardData.files].find((file) => file.type.startsWith("image/")));
    },
    open(file) {
      if (!file) return;
      this.forgetFile();
      this.answer = null;
      if (file.size > MAX_BYTES) {
        this.problem = "The picture is larger than 16 MB.";
        return;
      }
      this.file = { name: file.name, url: URL.createObjectURL(file), content: file };
      this.ask();
    },
    forgetFile() {
      if (this.file) URL.revokeObjectURL(this.file.url);
      this.file = null;
    },
    clear() {
      if (this.file) this.forgetFile();
      else this.pad.clear();
      this.ask();
    },
    async send() {
      if (!this.run || !this.pad) return;
      if (!this.file && this.pad.isEmpty) {
        [this.answer, this.problem, this.message] = [null, "", "Nothing is drawn yet."];
        return;
      }
      const query = new URLSearchParams({ run: this.run });
      let body = this.file?.content;
      if (!body) {
        const { width, height, bytes } = this.pad.bytes();
        query.set("width", width);
        query.set("height", height);
        body = bytes;
      }
      this.abort = new AbortController();
      const options = { method: "POST", body, signal: this.abort.signal };
      try {
        const { values, pixels } = await unpack(await fetch(`/train/details/look?${query}`, options));
        if (!this.closed) this.show(values, pixels);
      } catch (error) {
        if (this.closed) return;
        this.answer = null;
        this.problem = error instanceof TypeError ? "The server does not answer." : error.message;
      }
    },
    show(values, pixels) {
      [this.problem, this.message] = ["", ""];
      this.answer = values.top.length ? values : null;
      if (!this.answer) this.problem = "This network has no classes.";
      this.$nextTick(() => this.paintSeen(values, pixels));
    },
    paintSeen({ width, height }, pixels) {
      const { seen } = this.$refs;
      if (!seen) return;
      [seen.width, seen.height] = [width, height];
      const image = new ImageData(width, height);
      for (let i = 0; i < width * height; i += 1) {
        image.data.set(pixels.subarray(3 * i, 3 * i + 3), 4 * i);
        image.data[4 * i + 3] = 255;
      }
      seen.getContext("2d").putImageData(image, 0, 0);
    },
  },
};
