/**
 * The WebSocket of a viewer; connects again by itself. `messages.py` describes the messages.
 *
 * @typedef {object} SocketHandlers
 * @property {() => void} [onOpen]
 * @property {(image: {number: number, stamp: string, stampMs: number, width: number,
 *   height: number, ageMs: number, blob: Blob}) => void} [onImage]
 * @property {(result: object) => void} [onResult] capability, stamp or picture, values, inferenceMs
 * @property {(number: number) => void} [onDone] a picture is processed
 * @property {(sentence: string) => void} [onMessage] why nothing comes; empty: all is well
 */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;
const IMAGE_HEADER_BYTES = 28;
const CAPABILITIES = ["tags", "digits", "poses"];
const REFUSED = 1008;
export const MAX_PICTURE_BYTES = 4 * 1024 * 1024;
const GONE = "The server does not answer. This page connects again as soon as it does.";

export class ViewerSocket {
  /**
   * @param {string} path `/viewer/socket` for cameras, `/viewer/upload` for pictures of the browser
   * @param {SocketHandlers} handlers
   */
  constructor(path, handlers) {
    this.path = path;
    this.handlers = handlers;
    this.waitMs = FIRST_WAIT_MS;
    this.closed = false;
    this.#connect();
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  /** @param {object} message */
  send(message) {
    if (this.isOpen) this.socket.send(JSON.stringify(message));
  }

  /**
   * Sends a picture to be processed.
   *
   * @param {Blob} jpeg
   * @param {{number: number, still: boolean, capabilities: string[]}} about
   */
  async sendPicture(jpeg, { number, still, capabilities }) {
    const header = new DataView(new ArrayBuffer(8));
    const bits = capabilities.map((one) => 1 << CAPABILITIES.indexOf(one));
    header.setUint8(0, 1);
    header.setUint8(1, still ? 1 : 0);
    header.setUint8(2, bits.reduce((all, bit) => all | bit, 0));
    header.setUint32(4, number, true);
    const message = await new Blob([header, jpeg]).arrayBuffer();
    if (this.isOpen) this.socket.send(message);
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  #connect() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}${this.path}`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.handlers.onMessage?.("");
      this.handlers.onOpen?.();
    };
    socket.onmessage = ({ data }) => {
      this.waitMs = FIRST_WAIT_MS;
      if (this.closed) return;
      if (typeof data === "string") this.#onText(JSON.parse(data));
      else this.handlers.onImage?.(readImage(data));
    };
    socket.onclose = ({ code, reason }) => {
      if (this.closed) return;
      if (code === REFUSED) this.waitMs = LONGEST_WAIT_MS;
      this.handlers.onMessage?.(reason || GONE);
      this.timer = setTimeout(() => this.#connect(), this.waitMs);
      this.waitMs = Math.min(2 * this.waitMs, LONGEST_WAIT_MS);
    };
    this.socket = socket;
  }

  #onText(message) {
    if ("result" in message) {
      this.handlers.onResult?.({
        capability: message.result,
        stamp: message.stamp ?? String(message.picture),
        stampMs: message.stamp === undefined ? undefined : toMs(message.stamp),
        values: message.values,
        inferenceMs: message.inference_ms,
      });
    } else if ("done" in message) {
      this.handlers.onDone?.(message.done);
    } else if ("message" in message) {
      this.handlers.onMessage?.(message.message);
    }
  }
}

/** @param {ArrayBuffer} data */
function readImage(data) {
  const view = new DataView(data);
  const stamp = view.getBigUint64(8, true).toString();
  return {
    number: view.getUint32(4, true),
    stamp,
    stampMs: toMs(stamp),
    width: view.getUint32(16, true),
    height: view.getUint32(20, true),
    ageMs: view.getFloat32(24, true),
    blob: new Blob([new Uint8Array(data, IMAGE_HEADER_BYTES)], { type: "image/jpeg" }),
  };
}

/** A stamp in ns has more digits than a number holds. */
function toMs(stamp) {
  return Number(BigInt(stamp) / 1000n) / 1000;
}
