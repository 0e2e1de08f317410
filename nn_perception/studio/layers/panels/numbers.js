/** Numbers and elements for people. */

/** @param {?number} value */
export function shown(value) {
  if (value === null || value === undefined) return "not finite";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-4) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

/** The same in less space. @param {?number} value */
export function brief(value) {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e4 || size < 1e-3) return value.toExponential(0);
  return value.toFixed(size < 1 ? 3 : size < 10 ? 2 : size < 100 ? 1 : 0);
}

/** @param {?number} value */
export function percent(value) {
  if (value === null || value === undefined) return "not finite";
  return `${(100 * value).toFixed(1)} %`;
}

/** @param {number[]} shape */
export function sizes(shape) {
  return shape.join(" × ");
}

/**
 * Where an element is, in words.
 *
 * @param {number[]} element
 * @param {number[]} shape of its layer
 */
export function place(element, shape) {
  if (element.length === 1) return `element ${element[0]} of ${shape[0]}`;
  if (element.length === 3) {
    return `map ${element[0]} of ${shape[0]}, row ${element[1]}, column ${element[2]}`;
  }
  return `element ${element.join(", ")}`;
}

/**
 * @param {import("nn-layers/types.js").Maps} maps
 * @param {number} index
 */
export function valueAt(maps, index) {
  return maps.low + (maps.values[index] / 255) * (maps.high - maps.low);
}

/**
 * The colour of a number in a heat map: blue below zero, orange above, and the text on it.
 *
 * @param {?number} value
 * @param {number} most largest absolute value
 */
export function heat(value, most) {
  const share = most > 0 && value !== null ? Math.min(1, Math.abs(value) / most) : 0;
  const colour = value < 0 ? "var(--ly-negative)" : "var(--ly-positive)";
  const mix = Math.round(100 * share);
  return { background: `color-mix(in srgb, ${colour} ${mix}%, var(--nn-surface))` };
}

/** @param {(number | null)[][]} rows */
export function largest(rows) {
  let most = 0;
  for (const row of rows) for (const one of row) most = Math.max(most, Math.abs(one ?? 0));
  return most;
}
