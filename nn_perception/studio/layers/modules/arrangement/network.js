/** Which layers and stages of a network are open, and where everything stands. */

import { nodesOf, unitsOf } from "./graph.js";
import { cornersOf, layOut } from "./layout.js";

export class Network {
  /** @param {import("../types.js").Layer[]} layers */
  constructor(layers) {
    this.units = unitsOf(layers);
    this.unitOf = new Map(
      this.units.flatMap((unit) => unit.layers.map((layer) => [layer.name, unit])),
    );
    this.layerOf = new Map(layers.map((layer) => [layer.name, layer]));
    this.stages = new Map();
    for (const unit of this.units.filter(({ stage }) => stage)) {
      this.stages.set(unit.stage, [...(this.stages.get(unit.stage) || []), unit]);
    }
    /** Units whose maps are out. */
    this.open = new Set();
    this.openStages = new Set();
    this.hasPicture = false;
    this.nodes = [];
  }

  /** Whether this is the layer that shows the picture. */
  isPicture(unit) {
    const { kind, shape } = unit.shown;
    return this.hasPicture && unit === this.units[0] && kind === "input" && shape.length > 1;
  }

  /** @param {string} name of a layer or a stage @returns {import("./graph.js").Unit[]} */
  unitsNamed(name) {
    const unit = this.unitOf.get(name);
    return unit ? [unit] : this.stages.get(name) || [];
  }

  setOpen(name, isOpen) {
    const units = this.unitsNamed(name);
    for (const unit of units) {
      if (isOpen) this.open.add(unit);
      else this.open.delete(unit);
      if (isOpen && unit.stage) this.openStages.add(unit.stage);
    }
    if (!isOpen && !this.unitOf.has(name)) this.openStages.delete(name);
    return units.length > 0;
  }

  setAllOpen(isOpen) {
    this.open = new Set(isOpen ? this.units : []);
    this.openStages = new Set(isOpen ? this.stages.keys() : []);
  }

  isOpen(name) {
    const unit = this.unitOf.get(name);
    return unit ? this.open.has(unit) : this.openStages.has(name);
  }

  /** Names of the layers whose values are wanted. */
  wanted() {
    return this.units.filter((unit) => this.open.has(unit)).map((unit) => unit.name);
  }

  /**
   * Compute the nodes anew; each begins where it was, or where what it came from was.
   *
   * @param {number} aspect width of the picture by its height
   * @returns {import("./graph.js").Node[]}
   */
  layOut(aspect) {
    const before = new Map(this.nodes.map((node) => [node.key, node.place]));
    const ofUnit = new Map(this.nodes.flatMap((node) => node.units.map((unit) => [unit, node])));
    const nodes = nodesOf(this.units, (stage) => this.openStages.has(stage));
    this.rows = layOut(
      nodes,
      (node) => !node.isStage && this.open.has(node.units[0]),
      (node) => this.isPicture(node.units[0]),
      aspect,
    );
    for (const node of nodes) {
      node.isPicture = this.isPicture(node.units[0]);
      node.target = node.place;
      const source = ofUnit.get(node.units[0]);
      node.from = before.get(node.key) || (source ? { ...source.place, open: 0 } : node.target);
      node.place = { ...node.from };
    }
    this.nodes = nodes;
    this.nodeOfUnit = new Map(nodes.flatMap((node) => node.units.map((unit) => [unit, node])));
    return nodes;
  }

  /** Move all nodes a part of their way. */
  advance(part) {
    for (const { from, target, place } of this.nodes) {
      for (const key of Object.keys(target)) place[key] = from[key] + (target[key] - from[key]) * part;
    }
  }

  /** The corners of nodes, when they have arrived. */
  corners(nodes = this.nodes) {
    return nodes.length ? cornersOf(nodes) : [[-1, -1, -1], [1, 1, 1]];
  }

  /** Open stages with the nodes of their layers. */
  get stageGroups() {
    const groups = [];
    for (const [name, units] of this.stages) {
      if (!this.openStages.has(name) || units.length < 2) continue;
      groups.push({ name, nodes: units.map((unit) => this.nodeOfUnit.get(unit)) });
    }
    return groups;
  }

  /**
   * What regions mean for what is drawn: a layer that is not drawn itself has the place of the one
   * that is drawn for it.
   *
   * @param {import("./graph.js").Unit} unit whose element sees them
   * @param {import("../types.js").Region[]} regions
   */
  seen(unit, regions) {
    return regions.flatMap((region) => {
      let other = this.unitOf.get(region.layer);
      // Padding is drawn with the layer that gets it: what is seen of it is seen of its input.
      if (other === unit && this.layerOf.get(region.layer).kind === "pad") {
        other = this.unitOf.get(unit.layers[0].inputs[0]);
      }
      const node = other && this.nodeOfUnit.get(other);
      if (!node || node === this.nodeOfUnit.get(unit)) return [];
      const { shape } = other.shown;
      if (region.first.length !== shape.length) return [{ node, region: whole(shape, region) }];
      const clip = (element) => element.map((index, axis) => Math.min(index, shape[axis] - 1));
      const clipped = { first: clip(region.first), last: clip(region.last) };
      return [{ node, region: { layer: region.layer, ...clipped } }];
    });
  }
}

function whole(shape, { layer }) {
  return { layer, first: shape.map(() => 0), last: shape.map((size) => size - 1) };
}
