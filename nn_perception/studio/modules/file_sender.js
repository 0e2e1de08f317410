/**
 * What a component needs that sends the file which somebody chooses.
 *
 * Its option `address` is that of the route, its method `onSent` gets the answer. Its template shows
 * `busy`, the `share` that was sent, in percent, and the `sentence` that says why a file was not
 * taken.
 */
export const fileSender = {
  data() {
    return { busy: false, share: 0, sentence: "" };
  },
  unmounted() {
    this.request?.abort();
  },
  methods: {
    /** @param {Event} event of an input of the type file */
    choose({ target }) {
      const [file] = target.files;
      // Else the same file could not be chosen again.
      target.value = "";
      if (file) this.send(file);
    },
    /** @param {File} file */
    async send(file) {
      if (this.busy) return;
      [this.busy, this.share, this.sentence] = [true, 0, ""];
      this.request = sendFile(this.$options.address, file, (share) => (this.share = share));
      try {
        this.onSent(await this.request.answer);
      } catch (error) {
        this.sentence = error.message;
      } finally {
        this.busy = false;
      }
    },
  },
};

/**
 * Sends a file as the body of a request, and tells how far it is.
 *
 * @param {string} address of the route
 * @param {File} file
 * @param {(share: number) => void} onProgress with percent
 * @returns {{answer: Promise<Object>, abort: () => void}} the answer is the JSON of the server; it
 *     fails with a sentence, the server's `detail` if there is one, if the file was not taken
 */
function sendFile(address, file, onProgress) {
  const request = new XMLHttpRequest();
  const answer = new Promise((resolve, reject) => {
    request.open("POST", `${address}?name=${encodeURIComponent(file.name.slice(-200))}`);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => {
      onProgress(total ? Math.floor((100 * loaded) / total) : 0);
    };
    request.onloadend = () => {
      const { response, status } = request;
      if (status === 200 && response && !response.detail) resolve(response);
      else {
        const words = `The server did not take ${file.name}; try again in a moment.`;
        reject(new Error(response?.detail || words));
      }
    };
    request.send(file);
  });
  return { answer, abort: () => request.abort() };
}
