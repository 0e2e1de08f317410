import { SAMPLE_RATE_HZ } from "./mel.js";

const HEADER = 44;

/**
 * @param {Int16Array} samples one channel, 16 kHz
 * @returns {Blob} a WAV file
 */
export function encodeWav(samples) {
  const view = new DataView(new ArrayBuffer(HEADER));
  const text = (at, words) => [...words].forEach((c, n) => view.setUint8(at + n, c.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, HEADER - 8 + samples.byteLength, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, SAMPLE_RATE_HZ, true);
  view.setUint32(28, 2 * SAMPLE_RATE_HZ, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, samples.byteLength, true);
  return new Blob([view.buffer, samples], { type: "audio/wav" });
}

/**
 * @param {ArrayBuffer} content a WAV file of a clip: 16 bit, one channel, 16 kHz
 * @returns {Int16Array} its samples
 */
export function decodeWav(content) {
  const view = new DataView(content);
  let at = 12;
  while (at + 8 <= content.byteLength) {
    const size = view.getUint32(at + 4, true);
    if (view.getUint32(at, false) === 0x64617461) {
      const end = Math.min(at + 8 + size, content.byteLength);
      const count = (end - at - 8) >> 1;
      return Int16Array.from({ length: count }, (_, n) => view.getInt16(at + 8 + 2 * n, true));
    }
    at += 8 + size + (size & 1);
  }
  return new Int16Array(0);
}
