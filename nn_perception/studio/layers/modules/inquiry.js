/** What the pointer and the keyboard ask: which element this is, and what it sees. */

import { asMaps, fromElement } from "./arrangement/grid.js";
import { sizeText } from "./labels.js";
import { pick } from "./arrangement/picking.js";

const same = (a, b) => a && b && a.length === b.length && a.every((one, i) => one === b[i]);

function short(value) {
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < 1e-3 || magnitude >= 1e5)) return value.toExponential(3);
  return String(Number(value.toPrecision(4)));
}

export class Inquiry {
  /** @param {import("./layer_scene.js").LayerScene} scene */
  constructor(scene) {
    this.scene = scene;
    /** `{unit, node, element, x, y}`, the element null on a slab. */
    this.current = null;
    /** Key of the node that the keyboard has reached. */
    this.selected = "";
    this.regions = [];
    this.value = null;
  }

  /** @returns {import("./pointer.js").PointerEvents} */
  pointerEvents() {
    return {
      over: (x, y) => this.over(x, y),
      out: () => this.leave(),
      click: (x, y) => this.click(x, y),
      select: (step) => this.select(step),
      move: (way) => this.move(way),
      toggle: () => this.toggleSelected(),
      activate: () => this.activate(),
      reset: () => this.scene.resetCamera(),
    };
  }

  /** @returns {import("./arrangement/picking.js").Hit | null} */
  hitAt(x, y) {
    return pick(this.scene.view.viewpoint.rayAt(x, y), this.scene.network.nodes);
  }

  over(x, y) {
    const hit = this.scene.opening ? null : this.hitAt(x, y);
    this.scene.view.canvas.classList.toggle("nn-ls-over", Boolean(hit));
    if (!hit) this.leave();
    else this.show(hit.node, hit.element, x, y);
  }

  /** Nothing is asked any more. */
  leave() {
    if (!this.current) return;
    this.clear();
    this.scene.events.hover?.("", null, "");
    this.scene.view.invalidate();
  }

  clear() {
    this.current = null;
    this.regions = [];
    this.value = null;
    this.scene.highlight?.clear();
    this.scene.labels?.hideTip();
  }

  show(node, element, x, y) {
    const [unit] = node.units;
    const before = this.current;
    const isNew = !before || before.node !== node || !(before.element === element || same(before.element, element));
    this.current = { unit, node, element, x, y };
    if (isNew) {
      [this.regions, this.value] = [[], null];
      this.redraw();
      const name = element ? unit.name : node.name;
      this.scene.events.hover?.(name, element, element ? unit.main.name : "");
    }
    this.tell();
  }

  /** Everything stands where it stays: what is asked is elsewhere now. */
  arrived() {
    if (!this.current) return;
    [this.current.x, this.current.y] = this.placeOnScreen(this.current.node);
    this.redraw();
    this.tell();
  }

  /** Draw the lines of what is asked. */
  redraw() {
    if (!this.current || this.scene.opening) return;
    const { node, element, unit } = this.current;
    if (!element) this.scene.highlight.showNode(node);
    else {
      const seen = this.scene.network.seen(unit, this.regions);
      this.scene.highlight.showElement(node, element, seen);
    }
    this.scene.view.invalidate();
  }

  /** New values have come. */
  refresh() {
    if (!this.current?.element) return;
    this.value = null;
    this.tell();
  }

  tell() {
    const { node, element, unit, x, y } = this.current;
    const { labels } = this.scene;
    const { shape } = unit.shown;
    const title = unit.layers.map((layer) => layer.title || layer.name).join(", ");
    if (!element) {
      const parameters = node.units.flatMap((each) => each.layers)
        .reduce((sum, layer) => sum + layer.parameters, 0);
      const last = node.units[node.units.length - 1].shown.shape;
      const lines = [sizeText(last), `${parameters.toLocaleString("en")} parameters`];
      if (node.isStage) lines.push(`${node.units.length} layers`);
      const { maps } = this.scene.maps.get(unit) || {};
      if (node.open && maps) lines.push(`values from ${short(maps.low)} to ${short(maps.high)}`);
      lines.push(node.open ? "Click to close." : "Click to open.");
      labels.showTip(node.isStage ? node.name : title, lines.join("\n"), x, y);
      return;
    }
    labels.showTip(title, [this.where(shape, element), this.what(element)]
      .filter(Boolean).join("\n"), x, y);
  }

  where(shape, element) {
    const at = fromElement(shape, element);
    const [count, height, width] = asMaps(shape);
    if (height * width === 1) return `value ${at.map} of ${count}`;
    const { isPicture } = this.current.node;
    const place = `row ${at.row}, column ${at.column} of ${height} x ${width}`;
    return isPicture ? place : `map ${at.map} of ${count}\n${place}`;
  }

  what(element) {
    const { unit } = this.current;
    const at = fromElement(unit.shown.shape, element);
    const best = this.scene.labels.outputAt(this.current.node, at.map);
    if (this.value !== null) return `value ${short(this.value)}${best}`;
    const value = this.scene.maps.get(unit)?.valueAt(at);
    return value === null || value === undefined ? best : `value about ${short(value)}${best}`;
  }

  click(x, y) {
    if (this.scene.opening) return;
    const hit = this.hitAt(x, y);
    if (!hit) return;
    const { node, element } = hit;
    if (!element) {
      this.scene.toggle(node.name);
      return;
    }
    this.show(node, element, x, y);
    this.activate();
  }

  activate() {
    const { element, unit } = this.current || {};
    if (element) this.scene.events.click?.(unit.name, element, unit.main.name);
    else this.toggleSelected();
  }

  /** The keyboard goes to another node. */
  select(step) {
    const { nodes } = this.scene.network;
    if (!nodes.length) return;
    const at = nodes.findIndex(({ key }) => key === this.selected);
    const next = at < 0 ? (step > 0 ? 0 : nodes.length - 1) : at + step;
    this.reach(nodes[Math.min(nodes.length - 1, Math.max(0, next))]);
  }

  reach(node) {
    this.selected = node.key;
    this.scene.labels.select(node.key);
    this.show(node, null, ...this.placeOnScreen(node));
    const { main, shown } = node.units[0];
    const title = node.isStage ? `stage ${node.name}` : main.title || main.name;
    this.announce(`${title}, ${sizeText(shown.shape)}, ${node.open ? "open" : "closed"}`);
    this.scene.events.selected?.(node.name);
    this.scene.view.invalidate();
  }

  selectedNode() {
    return this.scene.network.nodes.find(({ key }) => key === this.selected);
  }

  toggleSelected() {
    const node = this.selectedNode();
    if (!node) return;
    const [unit] = node.units;
    this.scene.toggle(node.name);
    const now = this.scene.network.nodeOfUnit.get(unit);
    this.selected = now.key;
    this.scene.labels.select(now.key);
    this.announce(`${now.open || !now.isStage && node.isStage ? "opened" : "closed"} ${node.name}`);
  }

  /** The keyboard goes to another element of the selected node. */
  move(way) {
    const node = this.selectedNode();
    if (!node?.open) return;
    const { shape } = node.units[0].shown;
    const current = this.current?.node === node ? this.current.element : null;
    const element = current ? [...current] : shape.map(() => 0);
    const [axis, step] = { left: [-1, -1], right: [-1, 1], up: [-2, -1], down: [-2, 1] }[way];
    // Beyond the end of a map comes the next map.
    const at = Math.max(0, shape.length + axis);
    element[at] += current ? step : 0;
    for (let carry = at; carry >= 0; carry -= 1) {
      const over = Math.floor(element[carry] / shape[carry]);
      if (!over) break;
      element[carry] -= over * shape[carry];
      if (carry > 0) element[carry - 1] += over;
    }
    this.show(node, element, ...this.placeOnScreen(node));
    this.announce(this.scene.labels.tip.innerText.replaceAll("\n", ", "));
  }

  placeOnScreen({ place }) {
    const at = this.scene.view.viewpoint.project(place.x, place.y, 0);
    return [at.x, at.y];
  }

  announce(sentence) {
    this.scene.said.textContent = sentence;
  }

  isCurrent(layer, element) {
    const unit = this.scene.network.unitOf.get(layer);
    return this.current && unit === this.current.unit && same(this.current.element, element);
  }

  showRegion(layer, element, regions) {
    if (!this.isCurrent(layer, element)) return;
    this.regions = regions;
    this.redraw();
  }

  setValue(layer, element, value) {
    if (!this.isCurrent(layer, element)) return;
    this.value = value;
    this.tell();
  }
}
