/** Why a camera or microphone of the browser does not open, and what to do. */

const SENTENCES = {
  NotAllowedError: (name, kind) =>
    `The browser does not let this page use ${name}. Click the ${kind} symbol beside the ` +
    `address, allow the ${kind}, and choose it again.`,
  NotFoundError: (name) => `There is no ${name}. Plug it in and choose it again.`,
  NotReadableError: (name, kind) =>
    `${capital(name)} does not start: another program or tab may be using it. Close that, and ` +
    `choose the ${kind} again.`,
  OverconstrainedError: (name, kind) =>
    `${capital(name)} is not there any more, or cannot give what is asked of it. Choose another ` +
    `${kind}.`,
  AbortError: (name) => `${capital(name)} stopped while it was opened. Choose it again.`,
  SecurityError: (name, kind) =>
    `The browser is set up so that no page can use a ${kind}. Allow it in the browser's settings.`,
};

/**
 * Says what to do about an error of getUserMedia.
 *
 * @param {{name: string, message: string}} error
 * @param {string} name of the device
 * @param {"camera" | "microphone"} kind
 */
export function sentence(error, name, kind = "camera") {
  const say = SENTENCES[error.name];
  return say ? say(name, kind) : `${capital(name)} does not open: ${error.message || error.name}`;
}

/**
 * Says why this page cannot have any device.
 *
 * @param {"camera" | "microphone"} kind
 */
export function insecure(kind) {
  if (window.isSecureContext) return `This browser has no access to ${kind}s.`;
  return (
    `The browser allows the ${kind} only on pages of this machine or over https, and this page ` +
    `came from ${location.host} without it. Open it as https (option --certificate), or forward ` +
    `the port with ssh -L ${location.port || 80}:localhost:${location.port || 80} and open localhost.`
  );
}

function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}
