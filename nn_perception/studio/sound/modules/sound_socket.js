/**
 * The WebSocket of the view Sound; connects again by itself. `messages.py` describes the messages.
 *
 * @typedef {object} SocketHandlers
 * @property {(samples: Int16Array) => void} onSound of the robot's microphone
 * @property {(result: {tags: {label: string, score: number}[]}) => void} onResult
 * @property {(words: string) => void} onMessage why nothing comes; empty: all is well
 */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;
const STAMP_BYTES = 8;
const REFUSED = 1008;
// A browser that cannot send as fast as it hears leaves out what waits.
const MOST_WAITING_BYTES = 200_000;
const GONE = "The server does not answer. This page connects again as soon as it does.";

export class SoundSocket {
  /** @param {SocketHandlers} handlers */
  constructor(handlers) {
    this.handlers = handlers;
    this.wanted = { source: "none" };
    this.waitMs = FIRST_WAIT_MS;
    this.socket = null;
  }

  /**
   * Listens to something else; without a source, nothing is connected.
   *
   * @param {{source: string, microphone?: string}} wanted
   */
  listen(wanted) {
    this.wanted = wanted;
    clearTimeout(this.timer);
    if (wanted.source === "none") this.close();
    else if (this.socket?.readyState === WebSocket.OPEN) this.#tell();
    else if (!this.socket) this.#connect();
  }

  /** @param {Int16Array} samples of the browser's microphone */
  send(samples) {
    const { socket } = this;
    if (this.wanted.source !== "browser" || socket?.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount < MOST_WAITING_BYTES) socket.send(samples);
  }

  close() {
    clearTimeout(this.timer);
    const { socket } = this;
    this.socket = null;
    socket?.close();
  }

  #tell() {
    this.socket.send(JSON.stringify(this.wanted));
  }

  #connect() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/sound/socket`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      if (socket !== this.socket) return;
      this.handlers.onMessage("");
      this.#tell();
    };
    socket.onmessage = ({ data }) => {
      if (socket !== this.socket) return;
      this.waitMs = FIRST_WAIT_MS;
      if (typeof data !== "string") this.handlers.onSound(new Int16Array(data.slice(STAMP_BYTES)));
      else this.#follow(JSON.parse(data));
    };
    socket.onclose = ({ code, reason }) => {
      if (socket !== this.socket) return;
      this.socket = null;
      if (code === REFUSED) this.waitMs = LONGEST_WAIT_MS;
      this.handlers.onMessage(reason || GONE);
      this.timer = setTimeout(() => this.#connect(), this.waitMs);
      this.waitMs = Math.min(2 * this.waitMs, LONGEST_WAIT_MS);
    };
    this.socket = socket;
  }

  #follow(message) {
    if ("result" in message) this.handlers.onResult(message.result);
    else if ("message" in message) this.handlers.onMessage(message.message);
  }
}
