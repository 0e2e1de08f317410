import { UPLOAD_TARGET } from "nn-teach/upload_target.js";

const STRIP = 7;
const HOLD = "nn-hold";
const RECORDING = "nn-recording";
const CHANGED = "nn-frames-changed";

/** A class: its name, its newest frames, and the ways to add and remove frames. */
export default {
  template: `
  <article class="nn-card nn-class" :class="{ 'nn-drop': over }" :aria-label="'Class ' + label"
    @dragover.prevent="over = !locked" @dragleave="over = false" @drop.prevent="drop">
    <div class="nn-class-head">
      <input class="nn-class-name" ref="name" maxlength="64" :readonly="locked" :disabled="kind.fixed"
        :aria-label="'Name of the class ' + label" autocomplete="off" spellcheck="false"
        @keydown.enter="$event.target.blur()" @keydown.esc="reset" @change="rename">
      <span class="nn-class-count">{{ count }} {{ count === 1 ? kind.item : kind.items }}</span>
      <details class="nn-menu" ref="menu" @focusout="leave">
        <summary :aria-label="'More for ' + label"><i class="q-icon material-icons"
          aria-hidden="true">more_vert</i></summary>
        <div class="nn-menu-items">
          <button type="button" :disabled="locked" @click="choose('folder')">Upload a folder</button>
          <button type="button" :disabled="!count" @click="open">All {{ kind.items }}</button>
          <a :class="{ 'nn-off': !count }" :href="count ? downloadUrl : undefined"
            download>Download</a>
          <button type="button" class="nn-problem"
            :disabled="locked || (kind.fixed && !count)"
            @click="close(); $emit('remove')">Delete {{ kind.fixed ? "all" : "the class" }}</button>
        </div>
      </details>
    </div>
    <div class="nn-class-actions">
      <button type="button" class="nn-button nn-hold" :class="{ 'nn-recording': held || recording }"
        :disabled="locked" :aria-pressed="held || recording" @pointerdown="press"
        @pointerup="release" @pointercancel="release" @lostpointercapture="release"
        @keydown.space.prevent="press" @keydown.enter.prevent="press" @keyup.space.prevent="release"
        @keyup.enter.prevent="release" @blur="release" @contextmenu.prevent>
        <i class="q-icon material-icons" aria-hidden="true">fiber_manual_record</i>
        {{ held || recording ? "Recording" : "Hold to record" }}</button>
      <button type="button" class="nn-button" :disabled="locked" @click="choose('files')">
        <i class="q-icon material-icons" aria-hidden="true">upload</i> Upload</button>
      <input ref="files" type="file" multiple hidden tabindex="-1" aria-hidden="true"
        :accept="kind.accept" @change="send">
      <input ref="folder" type="file" webkitdirectory hidden tabindex="-1" aria-hidden="true"
        @change="send">
    </div>
    <div v-if="kind.lengths.length" class="nn-class-actions" role="group"
      :aria-label="'Record ' + label + ' for'">
      <button v-for="one in kind.lengths" :key="one" type="button" class="nn-button nn-length"
        :class="{ 'nn-recording': timed === one }" :aria-pressed="timed === one"
        :disabled="locked" @click="record(one)">{{ timed === one ? left : "Record " + one }} s</button>
    </div>
    <p v-if="kind.fixed ? count < 20 : !frames.length" class="nn-sentence">{{ kind.empty }}</p>
    <button v-if="frames.length" type="button" class="nn-strip"
      :aria-label="'Show all ' + count + ' ' + kind.items + ' of ' + label" @click="open">
      <img v-for="frame in frames" :key="frame.hash" :src="thumbnail(frame)" alt="" loading="lazy">
      <span v-if="count > frames.length" class="nn-more">+{{ count - frames.length }}</span>
    </button>
    <p v-if="words" class="nn-sentence" :class="{ 'nn-problem': failed }" role="status">{{ words }}
      <progress v-if="share !== null" :value="share" aria-label="Upload"></progress></p>
  </article>`,
  mixins: [UPLOAD_TARGET],
  props: { count: Number, recording: Boolean },
  data() {
    return { frames: [], held: false, timed: 0, left: 0 };
  },
  computed: {
    downloadUrl() {
      return `${this.kind.route}/download/dataset?${new URLSearchParams({ label: this.label })}`;
    },
  },
  mounted() {
    // Not bound: that would put the old name back, whatever else of the card changes meanwhile.
    this.reset();
    this.onRecording = (event) => this.follow(event.detail);
    window.addEventListener(RECORDING, this.onRecording);
    this.onChanged = () => this.reload();
    window.addEventListener(CHANGED, this.onChanged);
    this.reload();
  },
  unmounted() {
    window.removeEventListener(RECORDING, this.onRecording);
    window.removeEventListener(CHANGED, this.onChanged);
    clearTimeout(this.timer);
    this.release();
  },
  watch: {
    count() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.reload(), 250);
    },
    label() {
      if (document.activeElement !== this.$refs.name) this.reset();
      this.reload();
    },
  },
  methods: {
    async reload() {
      if (!this.count) {
        this.frames = [];
        return;
      }
      const query = new URLSearchParams({ label: this.label, limit: STRIP });
      const answer = await fetch(`${this.kind.route}/frames?${query}`).catch(() => null);
      if (answer && answer.ok) this.frames = (await answer.json()).frames;
    },
    thumbnail(frame) {
      return `${this.kind.route}/thumbnail?${new URLSearchParams({ id: frame.id, hash: frame.hash })}`;
    },
    reset() {
      this.$refs.name.value = this.label;
    },
    rename() {
      const name = this.$refs.name.value.trim();
      this.reset();
      if (name && name !== this.label) this.$emit("rename", { name });
    },
    press(event) {
      if (event.repeat || this.held || (event.type === "pointerdown" && event.button !== 0)) return;
      if (event.pointerId !== undefined) event.target.setPointerCapture(event.pointerId);
      this.held = true;
      window.dispatchEvent(new CustomEvent(HOLD, { detail: { label: this.label, on: true } }));
    },
    release() {
      if (!this.held) return;
      this.held = false;
      window.dispatchEvent(new CustomEvent(HOLD, { detail: { label: this.label, on: false } }));
    },
    /** Records for some seconds, or stops that. */
    record(seconds) {
      this.release();
      const on = this.timed !== seconds;
      [this.timed, this.left] = on ? [seconds, seconds] : [0, 0];
      const detail = { label: this.label, on, seconds };
      window.dispatchEvent(new CustomEvent(HOLD, { detail }));
    },
    /** Follows what is being recorded: how long it still takes, and its end. */
    follow({ label, left }) {
      if (label === this.label && left > 0) this.left = left;
      else this.timed = 0;
    },
    open() {
      this.close();
      this.$emit("open");
    },
    close() {
      this.$refs.menu.open = false;
    },
    leave(event) {
      if (!this.$refs.menu.contains(event.relatedTarget)) this.close();
    },
    choose(kind) {
      this.close();
      this.$refs[kind].click();
    },
  },
};
