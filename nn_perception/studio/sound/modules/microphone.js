import { SAMPLE_RATE_HZ } from "./mel.js";
import { Resampler } from "./resampler.js";
import { insecure, sentence } from "nn-viewer/media_errors.js";

// Served by this server, beside this module.
const WORKLET = new URL("./capture_worklet.js", import.meta.url);
const KIND = "microphone";
// What is done for telephone calls would change the sounds that are to be told apart.
const UNCHANGED = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

/**
 * Lists the microphones; they have names once the user has allowed one.
 *
 * @returns {Promise<{id: string, label: string}[]>}
 */
export async function listMicrophones() {
  if (!navigator.mediaDevices?.enumerateDevices) return [];
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices
    .filter((device) => device.kind === "audioinput" && device.deviceId)
    .map(({ deviceId, label }, at) => ({ id: deviceId, label: label || `Microphone ${at + 1}` }));
}

/** A microphone of the browser, as blocks of samples: int16, one channel, 16 kHz. */
export class Microphone {
  /**
   * Opens a microphone.
   *
   * @param {string} device its id; empty: the one that the browser prefers
   * @param {(samples: Int16Array) => void} onBlock about eight times a second
   * @param {(words: string) => void} onEnd when it was unplugged
   * @returns {Promise<Microphone>}
   * @throws {Error} says why it does not open, and what to do
   */
  static async open(device, onBlock, onEnd) {
    if (!navigator.mediaDevices?.getUserMedia) throw new Error(insecure(KIND));
    const microphone = new Microphone();
    try {
      const audio = { ...UNCHANGED, channelCount: { ideal: 1 } };
      if (device) audio.deviceId = { exact: device };
      microphone.stream = await navigator.mediaDevices.getUserMedia({ audio, video: false });
      await microphone.#listen(onBlock);
    } catch (error) {
      microphone.close();
      throw new Error(sentence(error, "the microphone of this browser", KIND));
    }
    const [track] = microphone.stream.getAudioTracks();
    track.onended = () => onEnd("The microphone is gone. Plug it in and choose it again.");
    return microphone;
  }

  /** The id of the microphone that is open. */
  get id() {
    return this.stream?.getAudioTracks()[0]?.getSettings().deviceId || "";
  }

  close() {
    if (this.stream) for (const track of this.stream.getTracks()) track.stop();
    this.source?.disconnect();
    this.context?.close();
    [this.stream, this.context] = [null, null];
  }

  async #listen(onBlock) {
    this.context = new AudioContext({ sampleRate: SAMPLE_RATE_HZ });
    try {
      this.source = this.context.createMediaStreamSource(this.stream);
    } catch {
      // Firefox connects a microphone only at its own rate.
      await this.context.close();
      this.context = new AudioContext();
      this.source = this.context.createMediaStreamSource(this.stream);
    }
    await this.context.audioWorklet.addModule(WORKLET);
    await this.context.resume();
    const capture = new AudioWorkletNode(this.context, "nn-capture", { numberOfOutputs: 0 });
    const rate = this.context.sampleRate;
    const resampler = rate === SAMPLE_RATE_HZ ? null : new Resampler(rate, SAMPLE_RATE_HZ);
    capture.port.onmessage = ({ data }) => {
      if (!this.stream) return;
      const samples = resampler ? resampler.push(data) : data;
      if (samples.length) onBlock(toInt16(samples));
    };
    this.source.connect(capture);
  }
}

/**
 * @param {Float32Array} samples from -1 to 1
 * @returns {Int16Array}
 */
export function toInt16(samples) {
  return Int16Array.from(samples, (one) => {
    return Math.max(-32768, Math.min(32767, Math.round(32768 * (one || 0))));
  });
}
