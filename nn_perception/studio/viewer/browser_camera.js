/** The webcam of the browser, and what to do when it does not open. */

import { insecure, sentence } from "./media_errors.js";

export { sentence };

/** An error whose message is for people. */
export class CameraError extends Error {}

/**
 * Lists the cameras; they have names once the user has allowed one.
 *
 * @returns {Promise<{id: string, label: string}[]>}
 */
export async function listWebcams() {
  if (!navigator.mediaDevices?.enumerateDevices) return [];
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices
    .filter((device) => device.kind === "videoinput")
    .map((device, index) => ({ id: device.deviceId, label: device.label || `Camera ${index + 1}` }));
}

/**
 * Opens a camera.
 *
 * @param {string} [deviceId] empty: the one that the browser prefers
 * @returns {Promise<MediaStream>}
 * @throws {CameraError} says which camera does not open, why, and what to do
 */
export async function openWebcam(deviceId = "") {
  const name = await nameOf(deviceId);
  if (!navigator.mediaDevices?.getUserMedia) throw new CameraError(insecure("camera"));
  const video = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
  if (deviceId) video.deviceId = { exact: deviceId };
  try {
    return await navigator.mediaDevices.getUserMedia({ video, audio: false });
  } catch (error) {
    throw new CameraError(sentence(error, name));
  }
}

async function nameOf(deviceId) {
  if (!deviceId) return "the camera of this browser";
  const found = (await listWebcams()).find((one) => one.id === deviceId);
  return found ? `the camera “${found.label}”` : "the chosen camera";
}
