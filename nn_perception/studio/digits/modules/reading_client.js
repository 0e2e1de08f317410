/** Send drawings to the server: one at a time, and only the newest. */

const READ = "/digits/read";
const NETWORKS = "/digits/networks";
const RETRY_MS = 1000;
const LOADING_MS = 250;
const OFFLINE =
  "The server does not answer. Your drawing stays here, and is read when it is back.";

export class ReadingClient {
  /**
   * @param {{read: (values: object, wanted: object) => void, waiting: (sentence: string) => void,
   *   failed: (sentence: string) => void}} on
   */
  constructor(on) {
    this.on = on;
    this.wanted = null;
    this.busy = false;
    this.closed = false;
  }

  /** Read a drawing. @param {{mode: string, width: number, height: number, bytes: Uint8Array}} wanted */
  read(wanted) {
    this.wanted = wanted;
    this.pump();
  }

  /** Forget what has not been sent, and ignore an answer that is under way. */
  cancel() {
    this.wanted = null;
  }

  close() {
    this.closed = true;
    this.wanted = null;
  }

  async pump() {
    if (this.busy) return;
    this.busy = true;
    while (this.wanted && !this.closed) {
      const { wanted } = this;
      const wait_ms = await this.send(wanted);
      if (wait_ms) await sleep(wait_ms);
      else if (this.wanted === wanted) this.wanted = null;
    }
    this.busy = false;
  }

  /** @returns {Promise<number>} after so many milliseconds it is sent again; 0: it is done */
  async send(wanted) {
    const { mode, width, height, bytes } = wanted;
    let response;
    let values;
    try {
      const query = new URLSearchParams({ mode, width, height });
      response = await fetch(`${READ}?${query}`, { method: "POST", body: bytes });
      values = await response.json().catch(() => ({}));
    } catch {
      this.on.waiting(OFFLINE);
      return RETRY_MS;
    }
    if (this.wanted !== wanted || this.closed) return 0;
    if (response.status === 202) {
      this.on.waiting(String(values.message || ""));
      return LOADING_MS;
    }
    if (!response.ok || !values.state) {
      this.on.failed(String(values.error || `The server refuses the drawing (${response.status}).`));
      return 0;
    }
    this.on.read(values, wanted);
    return 0;
  }

  /** Wait until the networks are loaded. @param {(message: string, networks: object) => void} on */
  async watchNetworks(on) {
    while (!this.closed) {
      try {
        const response = await fetch(NETWORKS);
        const { message = "", networks = {} } = response.ok ? await response.json() : {};
        if (this.closed) return;
        on(String(message), networks);
        if (Object.keys(networks).length) return;
      } catch {
        on(OFFLINE, {});
      }
      await sleep(2 * LOADING_MS);
    }
  }
}

function sleep(time_ms) {
  return new Promise((resolve) => setTimeout(resolve, time_ms));
}
