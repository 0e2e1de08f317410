/** Where the scene is seen from, and what moves it there. */

import { OrbitControls, THREE } from "nicegui-scene";

const FIELD_OF_VIEW = 26;
/** From the front, a little from the input's side and from above. */
const DIRECTION = new THREE.Vector3(-0.8, 0.42, 1).normalize();
/** Pixels to leave at the edges: at the right for the outputs, above for titles. */
const SIDE_PX = 28;
const OUTPUTS_PX = 88;
const TITLES_PX = 96;
const FLIGHT_MS = 380;
/** Part of the distance to what is looked at. */
const SHAKE = 0.02;

export class Viewpoint {
  /** @param {HTMLCanvasElement} canvas @param {() => void} changed */
  constructor(canvas, changed) {
    this.changed = changed;
    this.reduced = matchMedia("(prefers-reduced-motion: reduce)");
    this.camera = new THREE.PerspectiveCamera(FIELD_OF_VIEW, 1, 0.1, 1000);
    this.controls = new OrbitControls(this.camera, canvas);
    this.controls.dampingFactor = 0.14;
    this.controls.zoomToCursor = true;
    this.controls.minDistance = 1;
    this.controls.addEventListener("start", () => {
      this.flight = null;
      this.start = this.camera.position.clone();
    });
    this.controls.addEventListener("end", () => (this.start = null));
    this.controls.addEventListener("change", () => {
      this.notice();
      changed();
    });
    this.flight = null;
    this.start = null;
    this.centre = this.controls.target;
    this.radius = 100;
    this.setSize(1, 1);
    /** Whether somebody has moved it: then it stays where it is. */
    this.moved = false;
  }

  /** A click is no movement, even if the hand shakes. */
  notice() {
    const { position } = this.camera;
    const distance = position.distanceTo(this.controls.target);
    if (this.start && position.distanceTo(this.start) > SHAKE * distance) this.moved = true;
  }

  /** Somebody moves it now. */
  take() {
    [this.flight, this.moved] = [null, true];
  }

  /** @param {number} width @param {number} height in pixels */
  setSize(width, height) {
    [this.width, this.height] = [width, height];
    this.camera.aspect = width / height;
    this.camera.updateProjectionMatrix();
    if (this.points && !this.moved) this.fit(this.points, false);
  }

  /**
   * Move what is on its way.
   *
   * @param {number} now time of the frame in ms
   * @returns {boolean} it is still on its way
   */
  advance(now) {
    this.controls.enableDamping = !this.reduced.matches;
    const flying = this.fly(now);
    const turning = this.controls.update();
    const distance = this.camera.position.distanceTo(this.centre);
    this.camera.near = Math.max(0.05, distance - this.radius);
    this.camera.far = distance + this.radius + 10;
    this.camera.updateProjectionMatrix();
    return flying || turning;
  }

  /**
   * Show points as large as possible.
   *
   * @param {number[][]} points
   * @param {boolean} smooth whether the camera flies there
   */
  fit(points, smooth) {
    this.points = points;
    const right = new THREE.Vector3(0, 1, 0).cross(DIRECTION).normalize();
    const up = DIRECTION.clone().cross(right);
    const tangent = Math.tan((FIELD_OF_VIEW / 360) * Math.PI);
    const corners = points.map((point) => new THREE.Vector3(...point));
    // Where the camera has to be so that the outermost points are on the edges of the picture.
    const room = (pixels, size) => tangent * Math.max(0.4, 1 - (2 * pixels) / size);
    const { aspect } = this.camera;
    const sides = [
      [right, aspect * room(OUTPUTS_PX, this.width), aspect * room(SIDE_PX, this.width)],
      [up, room(TITLES_PX, this.height), room(SIDE_PX, this.height)],
    ].map(([axis, high, low]) => {
      const reach = (sign, slope) => Math.max(
        ...corners.map((at) => sign * at.dot(axis) + slope * at.dot(DIRECTION)),
      );
      return { high, low, above: reach(1, high), below: reach(-1, low) };
    });
    const depths = corners.map((at) => at.dot(DIRECTION));
    const distance = Math.max(
      Math.max(...depths) + 1,
      ...sides.map(({ high, low, above, below }) => (above + below) / (high + low)),
    );
    const [x, y] = sides.map(
      ({ high, low, above, below }) => (above - below + distance * (low - high)) / 2,
    );
    const middle = (Math.max(...depths) + Math.min(...depths)) / 2;
    const position = right.multiplyScalar(x).addScaledVector(up, y)
      .addScaledVector(DIRECTION, distance);
    const target = position.clone().addScaledVector(DIRECTION, middle - distance);
    this.goTo(target, position, smooth);
  }

  /** Tell where everything is, for the depth that is drawn. @param {number[][]} points */
  setBounds(points) {
    const corners = points.map((point) => new THREE.Vector3(...point));
    const sphere = new THREE.Sphere().setFromPoints(corners);
    this.centre = sphere.center;
    this.radius = sphere.radius + 3;
    this.controls.maxDistance = 12 * this.radius;
  }

  goTo(target, position, smooth) {
    if (smooth && !this.reduced.matches) {
      const { camera, controls } = this;
      this.flight = { target, position, began: null, from: [controls.target, camera.position] };
      this.flight.from = this.flight.from.map((one) => one.clone());
    } else {
      this.flight = null;
      this.controls.target.copy(target);
      this.camera.position.copy(position);
      this.controls.update();
    }
    this.changed();
  }

  fly(now) {
    if (!this.flight) return false;
    this.flight.began ??= now;
    const part = Math.min(1, (now - this.flight.began) / FLIGHT_MS);
    const smooth = part * part * (3 - 2 * part);
    const { from, target, position } = this.flight;
    this.controls.target.lerpVectors(from[0], target, smooth);
    this.camera.position.lerpVectors(from[1], position, smooth);
    if (part === 1) this.flight = null;
    return part < 1;
  }

  /** Turn around the middle, in radians. */
  turn(sideways, upwards) {
    const offset = this.camera.position.clone().sub(this.controls.target);
    const at = new THREE.Spherical().setFromVector3(offset);
    at.theta += sideways;
    at.phi = Math.min(Math.PI - 0.05, Math.max(0.05, at.phi + upwards));
    this.moveTo(offset.setFromSpherical(at));
  }

  /** Come nearer by a factor below one. */
  zoom(factor) {
    const offset = this.camera.position.clone().sub(this.controls.target);
    const { minDistance, maxDistance } = this.controls;
    offset.setLength(Math.min(maxDistance, Math.max(minDistance, offset.length() * factor)));
    this.moveTo(offset);
  }

  moveTo(offset) {
    this.take();
    this.camera.position.copy(this.controls.target).add(offset);
    this.camera.lookAt(this.controls.target);
    this.changed();
  }

  /** Shift the picture by parts of its height. */
  pan(right, up) {
    this.take();
    const distance = this.camera.position.distanceTo(this.controls.target);
    const shift = new THREE.Vector3(right, up, 0).multiplyScalar(distance * 0.5);
    shift.applyQuaternion(this.camera.quaternion);
    this.controls.target.add(shift);
    this.camera.position.add(shift);
    this.changed();
  }

  /** Where a point is on the screen; z > 1 is behind the camera. */
  project(x, y, z) {
    const at = new THREE.Vector3(x, y, z).project(this.camera);
    return { x: ((at.x + 1) / 2) * this.width, y: ((1 - at.y) / 2) * this.height, z: at.z };
  }

  /** The ray through a pixel of the canvas. */
  rayAt(x, y) {
    const raycaster = new THREE.Raycaster();
    const at = new THREE.Vector2((2 * x) / this.width - 1, 1 - (2 * y) / this.height);
    this.camera.updateMatrixWorld();
    raycaster.setFromCamera(at, this.camera);
    return raycaster.ray;
  }

  dispose() {
    this.controls.dispose();
  }
}
