/**
 * The WebSocket of the view Layers; connects again by itself, and is closed while the page is
 * hidden. `messages.py` describes the messages.
 *
 * @typedef {object} Look
 * @property {number} number
 * @property {number} picture number of the picture that was looked at; 0: none of the browser
 * @property {string} network
 * @property {import("nn-layers/types.js").Maps[]} maps
 * @property {string[]} labels
 * @property {(number | null)[]} scores
 * @property {{height: number, width: number, values: Uint8Array}} seen RGB
 * @property {?{height: number, width: number, values: Uint8Array}} attention
 * @property {number} inference_ms
 *
 * @typedef {object} SocketHandlers
 * @property {() => void} onOpen the page says anew what it wants
 * @property {(look: Look) => void} onLook
 * @property {(message: object) => void} onMessage networks, network and layers, or status
 * @property {(about: string, sentence: string) => void} onSentence why nothing comes
 */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;
const REFUSED = 1008;
const GONE = "The server does not answer. This page connects again as soon as it does.";
const HEADER_BYTES = 12;
const [ENCODED, DRAWING] = [1, 2];

export class LayersSocket {
  /** @param {string} path @param {SocketHandlers} handlers */
  constructor(path, handlers) {
    this.path = path;
    this.handlers = handlers;
    this.waitMs = FIRST_WAIT_MS;
    this.closed = false;
    this.asked = 0;
    this.answers = new Map();
    this.onVisibility = () => (document.hidden ? this.#leave() : this.#connect());
    document.addEventListener("visibilitychange", this.onVisibility);
    if (!document.hidden) this.#connect();
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  /** Nothing that is sent while the connection is closed waits: see onOpen. */
  send(message) {
    if (this.isOpen) this.socket.send(JSON.stringify(message));
  }

  /** @param {Uint8Array} content an encoded picture @param {number} number */
  sendPicture(content, number) {
    this.#sendContent(ENCODED, number, 0, 0, content);
  }

  /** @param {{width: number, height: number, bytes: Uint8Array}} drawing @param {number} number */
  sendDrawing({ width, height, bytes }, number) {
    this.#sendContent(DRAWING, number, width, height, bytes);
  }

  /**
   * Asks about an element.
   *
   * @param {"hover" | "arithmetic"} about
   * @param {string} layer
   * @param {number[]} element
   * @returns {Promise<object>} with `error`, a sentence, if there is no answer; it never comes if
   *     a newer question of this kind was asked
   */
  ask(about, layer, element) {
    const number = (this.asked = (this.asked + 1) % 2 ** 31);
    for (const [one, waiting] of this.answers) {
      if (waiting.about === about) this.answers.delete(one);
    }
    return new Promise((resolve) => {
      this.answers.set(number, { about, resolve });
      this.send({ ask: about, number, layer, element });
    });
  }

  close() {
    this.closed = true;
    document.removeEventListener("visibilitychange", this.onVisibility);
    this.#leave();
  }

  #leave() {
    clearTimeout(this.timer);
    const { socket } = this;
    this.socket = null;
    socket?.close();
  }

  #sendContent(kind, number, width, height, content) {
    if (!this.isOpen) return;
    const message = new Uint8Array(HEADER_BYTES + content.length);
    const header = new DataView(message.buffer);
    header.setUint8(0, kind);
    header.setUint32(4, number, true);
    header.setUint16(8, width, true);
    header.setUint16(10, height, true);
    message.set(content, HEADER_BYTES);
    this.socket.send(message);
  }

  #connect() {
    if (this.closed || this.socket || document.hidden) return;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}${this.path}`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.handlers.onSentence("server", "");
      this.handlers.onOpen();
    };
    socket.onmessage = ({ data }) => {
      this.waitMs = FIRST_WAIT_MS;
      if (socket === this.socket) this.#receive(data);
    };
    socket.onclose = ({ code, reason }) => {
      if (socket !== this.socket) return;
      this.socket = null;
      if (code === REFUSED) this.waitMs = LONGEST_WAIT_MS;
      this.handlers.onSentence("server", reason || GONE);
      this.timer = setTimeout(() => this.#connect(), this.waitMs);
      this.waitMs = Math.min(2 * this.waitMs, LONGEST_WAIT_MS);
    };
    this.socket = socket;
  }

  #receive(data) {
    if (typeof data !== "string") {
      const look = readLook(data);
      try {
        this.handlers.onLook(look);
      } finally {
        this.#acknowledge(look.number);
      }
      return;
    }
    const message = JSON.parse(data);
    if ("message" in message) this.handlers.onSentence(message.about, message.message);
    else if ("answer" in message) {
      this.answers.get(message.answer)?.resolve(message);
      this.answers.delete(message.answer);
    } else this.handlers.onMessage(message);
  }

  /** Once it is painted, so that a slow browser gets no more than it can show. */
  #acknowledge(number) {
    const { socket } = this;
    requestAnimationFrame(() => {
      if (socket === this.socket) this.send({ ack: number });
    });
  }
}

/** @param {ArrayBuffer} data @returns {Look} */
export function readLook(data) {
  const length = new DataView(data).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length)));
  let offset = 4 + length;
  const take = (shape) => {
    const count = shape.reduce((all, side) => all * side, 1);
    const values = new Uint8Array(data, offset, count);
    offset += count;
    return values;
  };
  const picture = (shape) =>
    shape && { height: shape[0], width: shape[1], values: take(shape) };
  const maps = header.maps.map((one) => ({ ...one, values: take(one.shape) }));
  const seen = picture(header.seen);
  return { ...header, maps, seen, attention: picture(header.attention) };
}
