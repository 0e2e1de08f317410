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
    send(file) {
      if (this.busy) return;
      [this.busy, this.share, this.sentence] = [true, 0, ""];
      const request = new XMLHttpRequest();
      this.request = request;
      request.open("POST", `/live/upload?name=${encodeURIComponent(file.name)}`);
      request.responseType = "json";
      request.upload.onprogress = ({ loaded, total }) => {
        this.share = total ? Math.floor((100 * loaded) / total) : 0;
      };
      request.onloadend = () => {
        this.busy = false;
        const answer = request.response;
        if (request.status === 200) {
          this.$emit("opened", answer.cameras[0].id);
        } else {
          this.sentence =
            answer?.detail || `The server did not take ${file.name}; try again in a moment.`;
        }
      };
      request.send(file);
    },
  },
};
