/** Sends a snapshot, from which a run goes on. */
export default {
  template: `
  <div class="nn-snapshot">
    <button type="button" class="nn-button" :disabled="busy" @click="$refs.file.click()">
      <i class="q-icon material-icons" aria-hidden="true">upload_file</i>
      {{ busy ? "Sending … " + share + " %" : "Load a snapshot" }}</button>
    <input ref="file" type="file" hidden tabindex="-1" aria-hidden="true"
      accept=".safetensors" @change="choose">
    <p class="nn-sentence nn-problem" role="status">{{ sentence }}</p>
  </div>`,
  data() {
    return { busy: false, share: 0, sentence: "" };
  },
  unmounted() {
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
      [this.busy, this.share, this.sentence] = [true, 0, ""];
      const request = new XMLHttpRequest();
      this.request = request;
      request.open("POST", `/train/snapshot?name=${encodeURIComponent(file.name.slice(-200))}`);
      request.responseType = "json";
      request.upload.onprogress = ({ loaded, total }) => {
        this.share = total ? Math.floor((100 * loaded) / total) : 0;
      };
      request.onloadend = () => {
        this.busy = false;
        const answer = request.response;
        if (request.status === 200 && answer?.run) this.$emit("loaded", answer.run);
        else {
          this.sentence =
            answer?.detail || `The server did not take ${file.name}; try again in a moment.`;
        }
      };
      request.send(file);
    },
  },
};
