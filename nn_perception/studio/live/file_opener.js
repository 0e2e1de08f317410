import { fileSender } from "nn-modules/file_sender.js";

const RECORDING = ".mcap,.db3,.bag,.mp4,.avi,.mkv,.mov,.webm,.mjpeg";

/** Opens pictures and videos in the browser, and bags on the server. */
export default {
  mixins: [fileSender],
  address: "/live/upload",
  template: `
  <div class="nn-files">
    <button type="button" class="nn-action" @click="$emit('files')">Open pictures or a video</button>
    <button type="button" class="nn-action" :disabled="busy" @click="$refs.bag.click()">
      {{ busy ? "Sending … " + share + " %" : "Open a bag" }}</button>
    <input ref="bag" type="file" class="nn-hidden" tabindex="-1" aria-label="A bag" @change="choose"
      accept="${RECORDING}">
    <p class="nn-note" role="status">{{ sentence }}</p>
  </div>`,
  mounted() {
    this.onDrop = ({ detail }) => this.send(detail);
    window.addEventListener("nn-upload", this.onDrop);
  },
  unmounted() {
    window.removeEventListener("nn-upload", this.onDrop);
  },
  methods: {
    onSent(answer) {
      this.$emit("opened", answer.cameras[0].id);
    },
  },
};
