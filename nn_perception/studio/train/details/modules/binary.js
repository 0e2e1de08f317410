/** What the routes of the details answer: JSON, followed by pixels. */

/**
 * @param {Response} response
 * @returns {Promise<{values: object, pixels: Uint8Array}>}
 * @throws {Error} with a sentence
 */
export async function unpack(response) {
  const kind = response.headers.get("content-type") || "";
  if (kind.startsWith("application/json")) {
    const answer = await response.json();
    if (typeof answer.detail === "string") throw new Error(answer.detail);
  }
  if (!response.ok || !kind.startsWith("application/octet-stream")) {
    throw new Error("The server did not answer; try again in a moment.");
  }
  const buffer = await response.arrayBuffer();
  const length = new DataView(buffer).getUint32(0, true);
  const values = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  return { values, pixels: new Uint8Array(buffer, 4 + length) };
}

/** The address of a test sample. */
export function pictureUrl(run, index) {
  return `/train/details/picture?run=${encodeURIComponent(run)}&index=${index}`;
}

export function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}
