/** What is under the pointer, and what it sees: lines in one draw call, over everything else. */

import { THREE } from "nicegui-scene";
import { asMaps, fromElement, rectangle } from "./arrangement/grid.js";

const MOST_SEGMENTS = 3000;
const WIDTH_PX = 1.7;
/** Maps of a region that get an outline and lines of their own. */
const MOST_MAPS = 96;
const MOST_FULL_MAPS = 8;

/** Lines of WebGL are one pixel wide; these are bands that face the camera. */
const VERTEX = `
in vec3 other;
in float side;
in vec3 color;
uniform vec2 screen;
uniform float width;
out vec3 tint;
void main() {
  vec4 here = projectionMatrix * viewMatrix * vec4(position, 1.0);
  vec4 there = projectionMatrix * viewMatrix * vec4(other, 1.0);
  vec2 along = (there.xy / max(there.w, 0.01) - here.xy / max(here.w, 0.01)) * screen;
  vec2 across = vec2(-along.y, along.x) / max(length(along), 1e-4);
  here.xy += across * side * width * here.w / screen;
  gl_Position = here;
  tint = color;
}`;

const FRAGMENT = `
in vec3 tint;
out vec4 colour;
void main() { colour = vec4(tint, 1.0); }`;

/** Vertices of a segment: at either end one on each side. Seen from its other end, left is right. */
const CORNERS = [[0, 1], [0, -1], [1, -1], [1, 1]];

export class Highlight {
  constructor() {
    const geometry = new THREE.BufferGeometry();
    for (const [name, size] of [["position", 3], ["other", 3], ["color", 3], ["side", 1]]) {
      const held = new Float32Array(MOST_SEGMENTS * 4 * size);
      const attribute = new THREE.BufferAttribute(held, size);
      geometry.setAttribute(name, attribute.setUsage(THREE.DynamicDrawUsage));
    }
    const index = new Uint16Array(MOST_SEGMENTS * 6);
    for (let segment = 0; segment < MOST_SEGMENTS; segment += 1) {
      index.set([0, 1, 2, 0, 2, 3].map((corner) => 4 * segment + corner), 6 * segment);
    }
    geometry.setIndex(new THREE.BufferAttribute(index, 1));
    /** Size of the picture in pixels, and half the width of a line. */
    this.uniforms = { screen: { value: new THREE.Vector2(1, 1) }, width: { value: WIDTH_PX } };
    this.lines = new THREE.Mesh(geometry, new THREE.ShaderMaterial({
      glslVersion: THREE.GLSL3, uniforms: this.uniforms, vertexShader: VERTEX,
      fragmentShader: FRAGMENT, depthTest: false, depthWrite: false, side: THREE.DoubleSide,
    }));
    this.lines.frustumCulled = false;
    this.lines.renderOrder = 1;
    this.accent = [0, 0, 0];
    this.soft = [0, 0, 0];
    this.clear();
  }

  /** @param {number} width @param {number} height of the picture in pixels */
  setScreen(width, height) {
    this.uniforms.screen.value.set(width, height);
  }

  /** @param {import("./theme.js").Theme} theme */
  setTheme(theme) {
    this.accent = theme.accent.map((one) => one / 255);
    this.soft = theme.soft.map((one) => one / 255);
  }

  clear() {
    this.count = 0;
    /** Ends of all lines, in the scene. */
    this.ends = [];
    this.flush();
  }

  /** Outline a node that is not open. @param {import("./arrangement/graph.js").Node} node */
  showNode({ place, slab, grid }) {
    this.clear();
    const open = place.open > 0;
    const [x, half] = [place.depth / 2 + 0.06, (open ? grid.width : slab.width) / 2 + 0.06];
    const low = place.slabY - place.height / 2 - 0.06;
    const high = place.top + 0.06;
    for (const side of [-1, 1]) {
      this.outline(place.x + side * x, { left: -half, right: half, top: high, bottom: low });
      for (const y of [low, high]) {
        this.segment([place.x - x, y, side * half], [place.x + x, y, side * half], this.accent);
      }
    }
    this.flush();
  }

  /**
   * Outline an element, and what it sees.
   *
   * @param {import("./arrangement/graph.js").Node} node open
   * @param {import("./types.js").Element} element
   * @param {{node: import("./arrangement/graph.js").Node, region: import("./types.js").Region}[]} seen
   */
  showElement(node, element, seen) {
    this.clear();
    const shape = node.units[0].shown.shape;
    const at = fromElement(shape, element);
    if (!at) return;
    const map = node.isPicture ? 0 : at.map;
    const cell = rectangle(node.grid, map, [at.row, at.column], [at.row, at.column]);
    const local = this.shift(node, cell);
    this.outline(node.place.x, local, this.accent);
    if (node.grid.mapWidth * node.grid.mapHeight > 1) {
      const { mapHeight, mapWidth } = node.grid;
      const whole = rectangle(node.grid, map, [0, 0], [mapHeight - 1, mapWidth - 1]);
      this.outline(node.place.x, this.shift(node, whole), this.soft);
    }
    for (const { node: other, region } of seen) this.showRegion(node, local, other, region);
    this.flush();
  }

  showRegion(node, local, other, { first, last }) {
    const [x, otherX] = [node.place.x, other.place.x];
    if (!other.place.open) {
      const half = other.slab.width / 2;
      const { top } = other.place;
      const bottom = other.place.slabY - other.place.height / 2;
      this.pyramid(x, local, otherX, { left: -half, right: half, top, bottom });
      return;
    }
    const shape = other.units[0].shown.shape;
    const [low, high] = [fromElement(shape, first), fromElement(shape, last)];
    if (!low || !high) return;
    const count = other.isPicture ? 1 : high.map - low.map + 1;
    const start = other.isPicture ? 0 : low.map;
    const step = Math.max(1, Math.ceil(count / MOST_MAPS));
    const [, mapHeight, mapWidth] = asMaps(shape);
    const isVector = mapHeight * mapWidth === 1;
    for (let map = start; map < start + count; map += step) {
      const patch = rectangle(
        other.grid, map, [low.row, low.column], [high.row, high.column],
      );
      const there = this.shift(other, patch);
      this.outline(otherX, there, this.soft);
      if (count <= MOST_FULL_MAPS && !isVector) this.pyramid(x, local, otherX, there);
      else this.segment(centre(x, local), centre(otherX, there), this.soft);
    }
  }

  /** Lines from the corners of one rectangle to those of another. */
  pyramid(x, from, otherX, to) {
    for (const v of ["top", "bottom"]) {
      for (const u of ["left", "right"]) {
        this.segment([x, from[v], from[u]], [otherX, to[v], to[u]], this.soft);
      }
    }
    this.outline(otherX, to, this.soft);
  }

  shift(node, { left, right, top, bottom }) {
    const { y } = node.place;
    return { left, right, top: top + y, bottom: bottom + y };
  }

  outline(x, { left, right, top, bottom }, colour = this.accent) {
    const corners = [[x, top, left], [x, top, right], [x, bottom, right], [x, bottom, left]];
    corners.forEach((corner, i) => this.segment(corner, corners[(i + 1) % 4], colour));
  }

  segment(from, to, colour) {
    if (this.count >= MOST_SEGMENTS) return;
    const { position, other, color, side } = this.lines.geometry.attributes;
    CORNERS.forEach(([end, direction], corner) => {
      const at = 4 * this.count + corner;
      position.array.set(end ? to : from, 3 * at);
      other.array.set(end ? from : to, 3 * at);
      color.array.set(colour, 3 * at);
      side.array[at] = end ? -direction : direction;
    });
    this.ends.push([from, to]);
    this.count += 1;
  }

  flush() {
    for (const attribute of Object.values(this.lines.geometry.attributes)) {
      attribute.clearUpdateRanges();
      attribute.addUpdateRange(0, 4 * this.count * attribute.itemSize);
      attribute.needsUpdate = true;
    }
    this.lines.geometry.setDrawRange(0, 6 * this.count);
    this.lines.visible = this.count > 0;
  }

  dispose() {
    this.lines.geometry.dispose();
    this.lines.material.dispose();
  }
}

const centre = (x, { left, right, top, bottom }) => [x, (top + bottom) / 2, (left + right) / 2];
