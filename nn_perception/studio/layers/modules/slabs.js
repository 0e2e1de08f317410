/** The slabs of all nodes in one instanced draw call, and the lines between them in another. */

import { THREE } from "nicegui-scene";
import { colourOf } from "./theme.js";

/** Light from above and the front, painted on the box: no lamp to compute. */
const SHADES = [0.8, 0.62, 1.12, 0.5, 0.95, 0.7];
const LIFT = 0.35;
const STEPS = 12;

function shadedBox() {
  const box = new THREE.BoxGeometry(1, 1, 1);
  const colours = new Float32Array(box.attributes.position.count * 3);
  SHADES.forEach((shade, face) => colours.fill(shade, face * 12, face * 12 + 12));
  box.setAttribute("color", new THREE.BufferAttribute(colours, 3));
  return box;
}

export class Slabs {
  constructor() {
    this.group = new THREE.Group();
    this.mesh = null;
    this.lines = new THREE.LineSegments(
      new THREE.BufferGeometry(), new THREE.LineBasicMaterial({ color: 0x888888 }),
    );
    this.lines.frustumCulled = false;
    this.group.add(this.lines);
    this.matrix = new THREE.Matrix4();
    this.colour = new THREE.Color();
  }

  /** @param {import("./arrangement/graph.js").Node[]} nodes */
  setNodes(nodes) {
    this.nodes = nodes;
    this.byKey = new Map(nodes.map((node) => [node.key, node]));
    if (this.mesh) {
      this.group.remove(this.mesh);
      this.mesh.geometry.dispose();
      this.mesh.material.dispose();
      this.mesh.dispose();
    }
    this.mesh = new THREE.InstancedMesh(
      shadedBox(), new THREE.MeshBasicMaterial({ vertexColors: true }), nodes.length,
    );
    this.mesh.frustumCulled = false;
    nodes.forEach((node, index) => {
      const layers = node.units.map((unit) => unit.main);
      const main = layers.find((layer) => /conv|linear/.test(layer.kind)) || layers[0];
      this.mesh.setColorAt(index, this.colour.setHex(colourOf(main.kind)));
    });
    this.group.add(this.mesh);
    const edges = nodes.reduce((sum, node) => sum + node.inputs.length, 0);
    this.lines.geometry.dispose();
    this.lines.geometry = new THREE.BufferGeometry();
    const positions = new THREE.BufferAttribute(new Float32Array(edges * STEPS * 6), 3);
    this.lines.geometry.setAttribute("position", positions);
  }

  /** @param {import("./theme.js").Theme} theme */
  setTheme(theme) {
    this.lines.material.color.set(theme.line);
  }

  /** Everything goes where its node is now. */
  place() {
    this.nodes.forEach(({ place }, index) => {
      this.matrix.makeScale(place.depth, place.height, place.width);
      this.matrix.setPosition(place.x, place.slabY, 0);
      this.mesh.setMatrixAt(index, this.matrix);
    });
    this.mesh.instanceMatrix.needsUpdate = true;
    const positions = this.lines.geometry.getAttribute("position");
    let at = 0;
    for (const node of this.nodes) {
      for (const key of node.inputs) {
        at = this.connect(positions.array, at, this.byKey.get(key), node);
      }
    }
    positions.needsUpdate = true;
  }

  /** A straight line to the next column; over the others, an arc. */
  connect(array, start, from, to) {
    const [a, b] = [from.place, to.place];
    const ends = [a.x + a.depth / 2, b.x - b.depth / 2];
    const skips = to.column - from.column > 1 && from.lane === to.lane;
    const between = skips ? this.nodes.filter(
      ({ column, lane }) => lane === from.lane && column > from.column && column < to.column,
    ) : [];
    const highest = Math.max(0, ...between.map(({ place }) => place.top - place.y)) + LIFT;
    const point = (part) => {
      const smooth = part * part * (3 - 2 * part);
      const y = a.y + (b.y - a.y) * smooth;
      const arc = between.length ? (highest + LIFT) * Math.min(1, 3.2 * part * (1 - part)) : 0;
      return [ends[0] + (ends[1] - ends[0]) * part, y + arc, 0];
    };
    let at = start;
    for (let step = 0; step < STEPS; step += 1) {
      array.set(point(step / STEPS), at);
      array.set(point((step + 1) / STEPS), at + 3);
      at += 6;
    }
    return at;
  }

  dispose() {
    for (const each of [this.mesh, this.lines]) {
      if (!each) continue;
      each.geometry.dispose();
      each.material.dispose();
      if (each.dispose) each.dispose();
    }
  }
}
