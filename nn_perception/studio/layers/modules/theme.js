/** Colours: of kinds of layers, and of values. All are safe for the colour-blind. */

const KINDS = {
  input: 0x7a8793,
  conv: 0x2f7fc1,
  linear: 0xd9822b,
  norm: 0x3aa6a0,
  activation: 0xd1a928,
  pool: 0x8a63c9,
  join: 0x4f9d5d,
  shape: 0x8c7f72,
  output: 0xc8507e,
};

const KIND_GROUPS = [
  [/^input$/, "input"],
  [/conv/, "conv"],
  [/linear|dense/, "linear"],
  [/norm/, "norm"],
  [/activation|relu|tanh|sigmoid|elu|swish|gelu|maxout/, "activation"],
  [/pool/, "pool"],
  [/^(add|concat|mul|multiply|sum|mean)/, "join"],
  [/softmax/, "output"],
];

/**
 * Colours of values: nothing is the ground, more than nothing goes to orange, less to blue.
 * The first of three is near zero, the last is the largest.
 */
const VALUES = {
  light: {
    zero: [236, 239, 243],
    positive: [[240, 145, 50], [125, 45, 5]],
    negative: [[75, 150, 215], [8, 48, 107]],
  },
  dark: {
    zero: [38, 45, 52],
    positive: [[224, 112, 32], [255, 236, 190]],
    negative: [[40, 120, 200], [196, 228, 255]],
  },
};

/**
 * @typedef {object} Theme
 * @property {boolean} dark
 * @property {string} ground of the picture
 * @property {string} line of structure
 * @property {number[]} accent of what is under the pointer, from 0 to 255
 * @property {number[]} soft of what it sees: neither blue nor orange
 * @property {{zero: number[], positive: number[][], negative: number[][]}} values
 */

/** Read the theme of the page. @param {Element} element @returns {Theme} */
export function themeOf(element) {
  const style = getComputedStyle(element);
  const dark = document.body.classList.contains("body--dark");
  const read = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
  return {
    dark,
    ground: read("--nn-surface", dark ? "#14181c" : "#ffffff"),
    line: dark ? "#46515c" : "#b6bfc8",
    accent: dark ? [255, 255, 255] : [10, 12, 15],
    soft: dark ? [255, 92, 214] : [190, 0, 120],
    values: VALUES[dark ? "dark" : "light"],
  };
}

/** @param {string} kind of a layer @returns {number} colour */
export function colourOf(kind) {
  const found = KIND_GROUPS.find(([pattern]) => pattern.test(kind));
  return KINDS[found ? found[1] : "shape"];
}

/**
 * The colour of a value, as the graphics card computes it.
 *
 * @param {Theme["values"]} values @param {number} value @param {number} largest magnitude
 * @returns {number[]} red, green and blue from 0 to 255
 */
export function valueColour(values, value, largest) {
  const part = largest > 0 ? Math.min(1, Math.abs(value) / largest) : 0;
  const [middle, end] = value < 0 ? values.negative : values.positive;
  const [from, to, at] = part < 0.5 ? [values.zero, middle, 2 * part] : [middle, end, 2 * part - 1];
  return from.map((one, channel) => one + (to[channel] - one) * at);
}
