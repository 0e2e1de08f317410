import { UPLOAD_TARGET } from "nn-teach/upload_target.js";

/** Uploads files whose folders are their labels: folders, zip files and projects. */
export default {
  template: `
  <div class="nn-upload" :class="{ 'nn-drop': over }" @dragover.prevent="over = !locked"
    @dragleave="over = false" @drop.prevent="drop">
    <button type="button" class="nn-button" :disabled="locked" @click="$refs.folder.click()">
      <i class="q-icon material-icons" aria-hidden="true">drive_folder_upload</i> Upload folders</button>
    <button type="button" class="nn-button" :disabled="locked" @click="$refs.files.click()">
      <i class="q-icon material-icons" aria-hidden="true">folder_zip</i> Upload {{ archives }}</button>
    <input ref="files" type="file" multiple hidden tabindex="-1" aria-hidden="true"
      :accept="accept" @change="send">
    <input ref="folder" type="file" webkitdirectory hidden tabindex="-1" aria-hidden="true"
      @change="send">
    <p v-show="words" class="nn-sentence" :class="{ 'nn-problem': failed }" role="status">{{ words }}
      <progress v-if="share !== null" :value="share" aria-label="Upload"></progress></p>
  </div>`,
  mixins: [UPLOAD_TARGET],
  computed: {
    accept() {
      return [".zip", ".tm"].filter((one) => this.kind.accept.includes(one)).join(",");
    },
    archives() {
      return this.accept.replace(".zip", "zip").replace(",", " or ");
    },
  },
};
