/** Colours for values: blue below zero, orange above it; both differ for colour-blind people too. */

const LIGHT = { below: [11, 83, 148], zero: [248, 249, 250], above: [190, 75, 0] };
const DARK = { below: [116, 192, 252], zero: [26, 31, 36], above: [255, 169, 77] };

function mix(from, to, share) {
  return from.map((one, at) => Math.round(one + (to[at] - one) * share));
}

/**
 * The colours of the 256 levels between two values.
 *
 * @returns {Uint32Array} as the pixels of a canvas
 */
export function levels(low, high, dark) {
  const { below, zero, above } = dark ? DARK : LIGHT;
  const most = Math.max(Math.abs(low), Math.abs(high)) || 1;
  const colors = new Uint32Array(256);
  for (let level = 0; level < 256; level += 1) {
    const value = (low + (level / 255) * (high - low)) / most;
    const share = Math.min(Math.abs(value), 1);
    const [r, g, b] = mix(zero, value < 0 ? below : above, Math.sqrt(share));
    colors[level] = (255 << 24) | (b << 16) | (g << 8) | r;
  }
  return colors;
}

/** The same as a gradient of CSS, for the legend. */
export function gradient(low, high, dark) {
  const colors = levels(low, high, dark);
  const stops = [0, 32, 64, 96, 128, 160, 192, 224, 255].map((level) => {
    const color = colors[level];
    return `rgb(${color & 255} ${(color >> 8) & 255} ${(color >> 16) & 255})`;
  });
  return `linear-gradient(to right, ${stops.join(", ")})`;
}
