import { sendFile } from "nn-modules/send_file.js";

const RECORDING = ".mcap,.db3,.bag,.mp4,.avi,.mkv,.mov,.webm,.mjpeg";

/** Opens pictures and videos in the browser, and bags on the server. */
export default {
  template: `
  <div class="nn-files">
    <button type="button" class="nn-action" @click="$emit('files')">Open pictures or a video</button>
    <button type="button" class="nn-action" :disabled="busy" @click="$refs.bag.click()">
      {{ busy ? "Sending … " + share + " %" : "Open a bag" }}</button>
    <input ref="bag" type="file" class="nn-hidden" tabindex="-1" aria-label="A bag" @change="choose"
      accept="${RECORDING}">
    <p class="nn-note" role="status">{{ sentence }}</p>
  </div>`,
  data() {
    return { busy: false, share: 0, sentence: "" };
  },
  mounted() {
    this.onDrop = ({ detail }) => this.send(detail);
    window.addEventListener("nn-upload", this.onDrop);
  },
  unmounted() {
    window.removeEventListener("nn-upload", this.onDrop);
    this.request?.abort();
  },
  methods: {
    choose({ target }) {
      const [file] = target.files;
      target.value = "";
      if (file) this.send(file);
    },
    /** @param {File} file */
    async send(file) {
      if (this.busy) return;
      [this.busy, this.share, this.sentence] = [true, 0, ""];
      this.request = sendFile("/live/upload", file, (share) => (this.share = share));
      try {
        const answer = await this.request.answer;
        this.$emit("opened", answer.cameras[0].id);
      } catch (error) {
        this.sentence = error.message;
      } finally {
        this.busy = false;
      }
    },
  },
};
