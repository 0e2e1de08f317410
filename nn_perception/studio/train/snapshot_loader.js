import { sendFile } from "nn-modules/send_file.js";

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
    async send(file) {
      if (this.busy) return;
      [this.busy, this.share, this.sentence] = [true, 0, ""];
      this.request = sendFile("/train/snapshot", file, (share) => (this.share = share));
      try {
        const answer = await this.request.answer;
        this.$emit("loaded", answer.run);
      } catch (error) {
        this.sentence = error.message;
      } finally {
        this.busy = false;
      }
    },
  },
};
