/**
 * What is drawn of a network: nodes in columns and lanes.
 *
 * A *unit* is what is drawn as one layer. In a small network every layer is a unit. In a large one
 * a convolution, its batch norm and its activation are one, with the values of the last. A *node*
 * is a unit, or a closed stage with all its units.
 */

/** With so many layers, those that keep the shape join the one before. */
const MANY_LAYERS = 40;
const JOINED_KINDS = new Set(["batch_norm", "activation", "dropout", "identity"]);

/**
 * @typedef {object} Unit
 * @property {string} name of the layer whose values are shown, the last
 * @property {import("../types.js").Layer[]} layers in order
 * @property {import("../types.js").Layer} shown the last
 * @property {import("../types.js").Layer} main the one that gives title and colour
 * @property {string} stage
 */

/**
 * @typedef {object} Node
 * @property {string} key unique, also between layers and stages
 * @property {string} name of the layer or stage
 * @property {boolean} isStage
 * @property {Unit[]} units one, or all of the stage
 * @property {string[]} inputs keys of the nodes before
 * @property {number} column
 * @property {number} lane 0 is the middle; 1 is above, -1 below
 */

/** @param {import("../types.js").Layer[]} layers @returns {Unit[]} */
export function unitsOf(layers) {
  const joins = layers.length >= MANY_LAYERS;
  const users = new Map(layers.map((layer) => [layer.name, 0]));
  for (const name of layers.flatMap((layer) => layer.inputs)) {
    users.set(name, (users.get(name) || 0) + 1);
  }
  const unitOf = new Map();
  const units = [];
  for (const layer of layers) {
    const before = layer.inputs.length === 1 ? unitOf.get(layer.inputs[0]) : undefined;
    const alone = before && users.get(before.name) === 1 && before.name === layer.inputs[0];
    if (joins && alone && before.stage === (layer.stage || "") && belongs(layer, before)) {
      before.layers.push(layer);
      before.shown = layer;
      before.name = layer.name;
      if (before.main.kind === "pad") before.main = layer;
      unitOf.set(layer.name, before);
    } else {
      const unit = {
        name: layer.name, layers: [layer], shown: layer, main: layer, stage: layer.stage || "",
      };
      units.push(unit);
      unitOf.set(layer.name, unit);
    }
  }
  return units;
}

function belongs(layer, before) {
  if (before.shown.kind === "pad") return true;
  return JOINED_KINDS.has(layer.kind) && String(layer.shape) === String(before.shown.shape);
}

/**
 * @param {Unit[]} units
 * @param {(stage: string) => boolean} isOpen whether the layers of a stage are shown
 * @returns {Node[]} in the order in which they are computed
 */
export function nodesOf(units, isOpen) {
  const members = new Map();
  for (const unit of units) members.set(unit.stage, (members.get(unit.stage) || 0) + 1);
  const nodes = new Map();
  const nodeOf = new Map();
  for (const unit of units) {
    const closed = unit.stage && members.get(unit.stage) > 1 && !isOpen(unit.stage);
    const key = closed ? `stage:${unit.stage}` : `layer:${unit.layers[0].name}`;
    if (!nodes.has(key)) {
      const name = closed ? unit.stage : unit.name;
      nodes.set(key, { key, name, isStage: Boolean(closed), units: [], inputs: [], lane: 0 });
    }
    nodes.get(key).units.push(unit);
    for (const layer of unit.layers) nodeOf.set(layer.name, nodes.get(key));
  }
  const order = [...nodes.values()];
  order.forEach((node, index) => (node.order = index));
  for (const node of order) {
    const names = node.units.flatMap((unit) => unit.layers.flatMap((layer) => layer.inputs));
    const before = names.map((name) => nodeOf.get(name));
    // A stage may get its own output again: nothing goes back in the picture.
    const earlier = before.filter((other) => other && other.order < node.order);
    node.inputs = [...new Set(earlier.map((other) => other.key))];
  }
  placeInColumns(order, nodes);
  placeInLanes(order, nodes);
  return order;
}

/** As early as possible; what only joins the others later stands next to where it joins. */
function placeInColumns(order, nodes) {
  for (const node of order) {
    const before = node.inputs.map((key) => nodes.get(key).column);
    node.column = Math.max(-1, ...before) + 1;
  }
  const latest = new Map();
  for (const node of [...order].reverse()) {
    const late = Math.min(latest.get(node.key) ?? Infinity, Infinity);
    if (Number.isFinite(late)) node.column = Math.max(node.column, late);
    for (const key of node.inputs) {
      latest.set(key, Math.min(latest.get(key) ?? Infinity, node.column - 1));
    }
  }
}

function placeInLanes(order, nodes) {
  const taken = new Set();
  for (const node of order) {
    const [first] = [...node.inputs].sort(
      (a, b) => nodes.get(b).column - nodes.get(a).column || nodes.get(a).order - nodes.get(b).order,
    );
    const wanted = first ? nodes.get(first).lane : 0;
    let lane = wanted;
    for (let step = 1; taken.has(`${node.column} ${lane}`); step += 1) {
      lane = wanted + (step % 2 ? 1 : -1) * Math.ceil(step / 2);
    }
    node.lane = lane;
    taken.add(`${node.column} ${lane}`);
  }
}
