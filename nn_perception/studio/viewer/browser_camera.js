/** The webcam of the browser, and what to do when it does not open. */

const SENTENCES = {
  NotAllowedError: (name) =>
    `The browser does not let this page use ${name}. Click the camera symbol beside the ` +
    "address, allow the camera, and choose it again.",
  NotFoundError: (name) => `There is no ${name}. Plug it in and choose it again.`,
  NotReadableError: (name) =>
    `${capital(name)} does not start: another program or tab may be using it. Close that, and ` +
    "choose the camera again.",
  OverconstrainedError: (name) =>
    `${capital(name)} is not there any more, or cannot give such pictures. Choose another camera.`,
  AbortError: (name) => `${capital(name)} stopped while it was opened. Choose it again.`,
  SecurityError: () =>
    "The browser is set up so that no page can use a camera. Allow it in the browser's settings.",
};

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
  if (!navigator.mediaDevices?.getUserMedia) throw new CameraError(insecure());
  const video = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
  if (deviceId) video.deviceId = { exact: deviceId };
  try {
    return await navigator.mediaDevices.getUserMedia({ video, audio: false });
  } catch (error) {
    throw new CameraError(sentence(error, name));
  }
}

/**
 * Says what to do about an error of getUserMedia.
 *
 * @param {{name: string, message: string}} error
 * @param {string} name of the camera
 */
export function sentence(error, name) {
  const say = SENTENCES[error.name];
  return say ? say(name) : `${capital(name)} does not open: ${error.message || error.name}`;
}

function insecure() {
  if (window.isSecureContext) return "This browser has no access to cameras.";
  return (
    `The browser allows the camera only on pages of this machine or over https, and this page ` +
    `came from ${location.host} without it. Open it as https (option --certificate), or forward ` +
    `the port with ssh -L ${location.port || 80}:localhost:${location.port || 80} and open localhost.`
  );
}

async function nameOf(deviceId) {
  if (!deviceId) return "the camera of this browser";
  const found = (await listWebcams()).find((one) => one.id === deviceId);
  return found ? `the camera “${found.label}”` : "the chosen camera";
}

function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}
