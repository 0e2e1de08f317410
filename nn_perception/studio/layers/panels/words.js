/** What the view says about an element, and keeps in the address. */

import { percent, place, shown, sizes } from "nn-layers-view/numbers.js";

/**
 * @typedef {object} Hovered
 * @property {import("nn-layers/types.js").Layer} layer
 * @property {?number[]} element null: the layer as a whole
 * @property {?number} [value] undefined until it is known
 * @property {string} [seen] what it sees
 * @property {boolean} [closed]
 */

/**
 * Describes what the pointer is over.
 *
 * @param {Hovered} hovered
 * @param {string} score class and probability; empty if it is no output
 */
export function describeHovered({ layer, element, value, seen, closed }, score) {
  const name = `${layer.title || layer.name}, ${sizes(layer.shape)}`;
  if (!element) return closed ? `${name}, closed` : name;
  const parts = [name, place(element, layer.shape)];
  if (value !== undefined) parts.push(`value ${shown(value)}`);
  if (score) parts.push(score);
  else if (seen) parts.push(`sees ${seen}`);
  return parts.join("; ");
}

/** @param {import("nn-layers/types.js").Region[]} regions */
export function describeRegions(regions) {
  const describe = ({ layer, first, last }) => {
    const ranges = first.map((from, i) => (from === last[i] ? from : `${from}–${last[i]}`));
    return `${layer} ${ranges.join(", ")}`;
  };
  return regions.map(describe).join(" and ");
}

/**
 * The class of an output, and its probability.
 *
 * @param {string} label
 * @param {string[]} labels the best ones
 * @param {(number | null)[]} scores their probabilities
 */
export function describeClass(label, labels, scores) {
  const index = labels.indexOf(label);
  const least = percent(scores[scores.length - 1]);
  return `class ${label}, probability ${index < 0 ? `at most ${least}` : percent(scores[index])}`;
}

/** Keeps a choice in the address, so that it survives a reload. @param {object} choice */
export function keepInAddress(choice) {
  const kept = Object.entries(choice).filter(([, value]) => value);
  history.replaceState(null, "", `?${new URLSearchParams(kept)}`);
}
