import { fileSender } from "nn-modules/file_sender.js";

/** Sends a snapshot, from which a run goes on. */
export default {
  mixins: [fileSender],
  address: "/train/snapshot",
  template: `
  <div class="nn-snapshot">
    <button type="button" class="nn-button" :disabled="busy" @click="$refs.file.click()">
      <i class="q-icon material-icons" aria-hidden="true">upload_file</i>
      {{ busy ? "Sending … " + share + " %" : "Load a snapshot" }}</button>
    <input ref="file" type="file" hidden tabindex="-1" aria-hidden="true"
      accept=".safetensors" @change="choose">
    <p class="nn-sentence nn-problem" role="status">{{ sentence }}</p>
  </div>`,
  methods: {
    onSent(answer) {
      this.$emit("loaded", answer.run);
    },
  },
};
