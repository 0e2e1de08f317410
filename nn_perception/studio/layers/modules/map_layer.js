/**
 * All maps of an open layer in one draw call, from one texture of its values.
 *
 * The maps of a layer are in one plane. The shader finds the map and the value of each pixel, so
 * that a layer is two triangles whether it has one map or a thousand. Instances would do as well on
 * a graphics card, but where the processor draws, each of them costs as much as a draw call.
 */

import { THREE } from "nicegui-scene";
import { asMaps } from "./arrangement/grid.js";

/** Width of the texture, a power of two; every graphics card can do 2048 x 2048. */
const SHIFT = 11;
const ROW = 1 << SHIFT;
const VERTEX = `
uniform vec3 at;
uniform vec2 size;
uniform float spread;
out vec2 place;
void main() {
  place = vec2(position.x + 0.5, 0.5 - position.y);
  vec2 local = position.xy * size * spread;
  gl_Position = projectionMatrix * viewMatrix * vec4(at + vec3(0.0, local.y, local.x), 1.0);
}`;

const FRAGMENT = `
uniform sampler2D values;
uniform ivec2 extent;
uniform vec2 range;
uniform float largest;
uniform vec2 size;
uniform vec2 pitch;
uniform vec2 cell;
uniform int columns;
uniform int count;
uniform vec3 ground;
uniform vec3 zero;
uniform vec3 positive[2];
uniform vec3 negative[2];
in vec2 place;
out vec4 colour;
float read(int map, vec2 where) {
  ivec2 one = clamp(ivec2(floor(where)), ivec2(0), extent - 1);
  int index = (map * extent.y + one.y) * extent.x + one.x;
  return texelFetch(values, ivec2(index & ${ROW - 1}, index >> ${SHIFT}), 0).r;
}
void main() {
  vec2 scale = vec2(extent) / cell;
  vec2 there = place * size;
  vec2 pixel = fwidth(there) * scale;
  vec2 tile = floor(there / pitch);
  vec2 where = (there - tile * pitch) * scale;
  int map = int(tile.y) * columns + int(tile.x);
  if (where.x >= float(extent.x) || where.y >= float(extent.y) || map >= count) {
    colour = vec4(ground, 1.0);
    return;
  }
  float eight;
  if (max(pixel.x, pixel.y) > 1.6) {
    vec2 q = pixel * 0.25;
    eight = 0.25 * (read(map, where + q) + read(map, where - q)
      + read(map, where + vec2(q.x, -q.y)) + read(map, where + vec2(-q.x, q.y)));
  } else {
    eight = read(map, where);
  }
  float value = mix(range.x, range.y, eight);
  float part = min(1.0, abs(value) / largest) * 2.0;
  vec3 middle = value < 0.0 ? negative[0] : positive[0];
  vec3 end = value < 0.0 ? negative[1] : positive[1];
  colour = vec4(part < 1.0 ? mix(zero, middle, part) : mix(middle, end, part - 1.0), 1.0);
}`;

const PICTURE = `
uniform sampler2D picture;
in vec2 place;
out vec4 colour;
void main() { colour = vec4(texture(picture, place).rgb, 1.0); }`;

const bytes = (colour) => new THREE.Vector3(...colour.map((one) => one / 255));

export class MapLayer {
  /**
   * @param {import("./arrangement/grid.js").Grid} grid
   * @param {number[]} shape of the layer
   * @param {boolean} isPicture draws a picture instead of values
   */
  constructor(grid, shape, isPicture) {
    this.grid = grid;
    this.shape = shape;
    this.isPicture = isPicture;
    /** The newest values: `{values, shape, low, high}`, or null. */
    this.maps = null;
    this.texture = null;
    this.uniforms = {
      at: { value: new THREE.Vector3() },
      cell: { value: new THREE.Vector2(grid.cellWidth, grid.cellHeight) },
      pitch: { value: new THREE.Vector2(grid.pitchU, grid.pitchV) },
      size: { value: new THREE.Vector2(grid.width, grid.height) },
      columns: { value: grid.columns },
      count: { value: grid.count },
      ground: { value: new THREE.Vector3() },
      spread: { value: 0 },
      values: { value: null },
      picture: { value: null },
      extent: { value: new Int32Array([1, 1]) },
      range: { value: new THREE.Vector2(0, 0) },
      largest: { value: 1 },
      zero: { value: new THREE.Vector3() },
      positive: { value: [new THREE.Vector3(), new THREE.Vector3()] },
      negative: { value: [new THREE.Vector3(), new THREE.Vector3()] },
    };
    const material = new THREE.ShaderMaterial({
      glslVersion: THREE.GLSL3, uniforms: this.uniforms, vertexShader: VERTEX,
      fragmentShader: isPicture ? PICTURE : FRAGMENT, side: THREE.DoubleSide,
    });
    this.mesh = new THREE.Mesh(new THREE.PlaneGeometry(1, 1), material);
    // Its place is computed in the shader; the scene gives this one for the order of drawing.
    this.mesh.frustumCulled = false;
    this.mesh.matrixAutoUpdate = false;
    if (isPicture) this.setPicture(new Uint8Array(4), 1, 1);
    else this.setMaps({ values: new Uint8Array(grid.count), shape: [grid.count], low: 0, high: 0 });
    this.maps = null;
  }

  /** @param {Omit<import("./types.js").Maps, "layer">} maps @returns {boolean} they fit */
  setMaps(maps) {
    const [count, height, width] = asMaps(maps.shape);
    const length = count * height * width;
    if (maps.values.length !== length || count !== asMaps(this.shape)[0]) return false;
    if (this.isPicture) {
      this.maps = { ...maps, values: maps.values.slice() };
      return true;
    }
    const rows = Math.ceil(length / ROW);
    const columns = Math.min(ROW, length);
    const { image } = this.texture || {};
    if (!image || image.width !== columns || image.height !== rows) {
      if (this.texture) this.texture.dispose();
      const held = new Uint8Array(columns * rows);
      this.texture = new THREE.DataTexture(held, columns, rows, THREE.RedFormat);
      this.uniforms.values.value = this.texture;
    }
    this.texture.image.data.set(maps.values);
    this.texture.needsUpdate = true;
    this.uniforms.extent.value.set([width, height]);
    this.uniforms.range.value.set(maps.low, maps.high);
    this.uniforms.largest.value = Math.max(Math.abs(maps.low), Math.abs(maps.high)) || 1;
    const values = this.texture.image.data.subarray(0, length);
    this.maps = { values, shape: maps.shape, low: maps.low, high: maps.high };
    return true;
  }

  /** @param {Uint8Array | Uint8ClampedArray} rgba @param {number} width @param {number} height */
  setPicture(rgba, width, height) {
    const { image } = this.texture || {};
    if (!image || image.width !== width || image.height !== height) {
      if (this.texture) this.texture.dispose();
      const held = new Uint8Array(4 * width * height);
      this.texture = new THREE.DataTexture(held, width, height, THREE.RGBAFormat);
      this.texture.minFilter = THREE.LinearFilter;
      this.uniforms.picture.value = this.texture;
    }
    this.texture.image.data.set(rgba);
    this.texture.needsUpdate = true;
  }

  /** @param {import("./theme.js").Theme} theme */
  setTheme({ values, ground }) {
    const { r, g, b } = new THREE.Color(ground).getRGB({}, THREE.SRGBColorSpace);
    this.uniforms.ground.value.set(r, g, b);
    this.uniforms.zero.value.copy(bytes(values.zero));
    this.uniforms.positive.value = values.positive.map(bytes);
    this.uniforms.negative.value = values.negative.map(bytes);
  }

  /** @param {number} x @param {number} y of the centre @param {number} spread 1 when open */
  moveTo(x, y, spread) {
    this.uniforms.at.value.set(x, y, 0);
    this.uniforms.spread.value = spread;
    this.mesh.visible = spread > 0;
    this.mesh.matrix.setPosition(x, y, 0);
  }

  /**
   * The value of an element to 8 bits; null if there is none yet.
   *
   * @param {{map: number, row: number, column: number}} at
   */
  valueAt({ map, row, column }) {
    if (!this.maps) return null;
    const [, height, width] = asMaps(this.maps.shape);
    const [, fullHeight, fullWidth] = asMaps(this.shape);
    const [y, x] = [Math.floor((row * height) / fullHeight), Math.floor((column * width) / fullWidth)];
    const { values, low, high } = this.maps;
    return low + (values[(map * height + y) * width + x] / 255) * (high - low);
  }

  /** The maps with the largest values, largest first; empty if there are no values yet. */
  largest(count) {
    const values = this.maps ? [...this.maps.values] : [];
    const order = values.map((_, index) => index).sort((a, b) => values[b] - values[a]);
    return order.slice(0, count);
  }

  dispose() {
    this.texture.dispose();
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
  }
}
