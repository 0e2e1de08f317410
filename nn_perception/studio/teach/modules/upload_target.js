/** What files can be dropped on and sent from, and how the upload goes; a mixin of Vue. */

import { droppedFiles, upload } from "nn-teach/upload.js";

export const UPLOAD_TARGET = {
  props: { kind: Object, label: { type: String, default: "" }, locked: Boolean },
  data() {
    return { over: false, words: "", failed: false, share: null };
  },
  methods: {
    async drop(event) {
      this.over = false;
      if (!this.locked) await this.add(await droppedFiles(event.dataTransfer));
    },
    async send(event) {
      const files = [...event.target.files];
      event.target.value = "";
      await this.add(files);
    },
    /** @param {File[]} files get the label, or those of their folders if it is empty */
    async add(files) {
      if (!files.length) return;
      this.failed = false;
      const result = await upload(files, { label: this.label, ...this.kind }, (words, share) => {
        [this.words, this.share] = [words, share];
      });
      [this.words, this.failed, this.share] = [result.text, !result.ok, null];
    },
  },
};
