/** The layers of a network in three dimensions; types.js says how a page uses it. */

import { Highlight } from "./highlight.js";
import { Inquiry } from "./inquiry.js";
import { Labels } from "./labels.js";
import { MapLayer } from "./map_layer.js";
import { Network } from "./arrangement/network.js";
import { Pointer } from "./pointer.js";
import { Slabs } from "./slabs.js";
import { addStyles } from "./styles.js";
import { themeOf } from "./theme.js";
import { View } from "./view.js";

const OPENING_MS = 420;
const KEYS = "Arrow keys turn, with Control they move, plus and minus zoom, Home shows everything. "
  + "Page Up and Page Down go to the layer before and after, Enter opens or closes it, "
  + "Shift with the arrow keys goes through its values, and Space explains one.";

export class LayerScene {
  /**
   * @param {HTMLElement} container with a size of its own
   * @param {import("./types.js").LayerSceneEvents} events
   * @param {string} label for screen readers
   */
  constructor(container, events = {}, label = "Layers of the network") {
    addStyles();
    container.classList.add("nn-layer-scene");
    this.container = container;
    this.events = events;
    this.network = new Network([]);
    /** @type {Map<import("./arrangement/graph.js").Unit, MapLayer>} */
    this.maps = new Map();
    this.picture = null;
    this.opening = null;
    this.addSentences(container);
    this.view = new View(container, {
      advance: (now) => this.advance(now),
      drawn: () => this.labels.place(this.view.viewpoint),
      lost: () => this.free(),
      resized: () => this.resized(),
      frameRate: (rate) => this.events.frameRate?.(rate),
      problem: (sentence) => this.say(sentence),
    });
    this.labels = new Labels(container, {
      toggle: (name) => this.toggle(name), close: (name) => this.close(name),
    });
    this.labels.layer.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.view.canvas.dispatchEvent(new WheelEvent(event.type, event));
    }, { passive: false });
    this.describe(label);
    this.slabs = new Slabs();
    this.highlight = new Highlight();
    this.view.scene.add(this.slabs.group, this.highlight.lines);
    this.inquiry = new Inquiry(this);
    this.pointer = new Pointer(this.view, this.inquiry.pointerEvents());
    this.watcher = new MutationObserver(() => this.setTheme());
    this.watcher.observe(document.body, { attributeFilter: ["class"] });
    this.setTheme();
    this.view.resize();
    this.setNetwork([]);
  }

  addSentences(container) {
    const add = (className) => {
      const element = document.createElement("div");
      element.className = className;
      container.append(element);
      return element;
    };
    this.said = add("nn-ls-said");
    this.said.setAttribute("aria-live", "polite");
    this.keys = add("nn-ls-said");
    this.keys.id = `nn-ls-keys-${Math.random().toString(36).slice(2)}`;
    this.keys.textContent = KEYS;
    this.sentence = add("nn-ls-problem");
    this.sentence.hidden = true;
  }

  describe(label) {
    const { canvas } = this.view;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", label);
    canvas.setAttribute("aria-describedby", this.keys.id);
    this.container.append(this.sentence);
  }

  say(sentence) {
    this.sentence.textContent = sentence;
    this.sentence.hidden = !sentence;
    this.events.problem?.(sentence);
  }

  /** @param {import("./types.js").Layer[]} layers */
  setNetwork(layers) {
    for (const maps of this.maps.values()) this.remove(maps);
    this.maps.clear();
    this.inquiry.clear();
    this.network = new Network(layers);
    this.network.hasPicture = Boolean(this.picture);
    this.labels.best = [];
    this.arrange(false);
    this.resetCamera(false);
  }

  /** @param {import("./types.js").Maps} maps */
  setMaps(maps) {
    const unit = this.network.unitOf.get(maps.layer);
    const drawn = unit && unit.name === maps.layer && this.maps.get(unit);
    if (!drawn || !drawn.setMaps(maps)) return;
    this.inquiry.refresh();
    this.view.invalidate();
  }

  /** @param {Uint8ClampedArray} rgba @param {number} width @param {number} height */
  setInput(rgba, width, height) {
    if (rgba.length !== 4 * width * height || !rgba.length) return;
    const isFirst = !this.picture;
    this.picture = { rgba, width, height };
    this.network.hasPicture = true;
    if (isFirst && this.network.units.length) {
      this.drop(this.network.units[0]);
      this.arrange(true);
    }
    this.maps.get(this.network.units[0])?.setPicture(rgba, width, height);
    this.view.invalidate();
  }

  open(name) {
    if (this.network.setOpen(name, true)) this.arrange(true);
  }

  close(name) {
    if (this.network.setOpen(name, false)) this.arrange(true);
  }

  toggle(name) {
    if (this.network.isOpen(name)) this.close(name);
    else this.open(name);
  }

  openAll() {
    this.network.setAllOpen(true);
    this.arrange(true);
  }

  closeAll() {
    this.network.setAllOpen(false);
    this.arrange(true);
  }

  isOpen(name) {
    return this.network.isOpen(name);
  }

  computedBy(name) {
    return this.network.unitOf.get(name)?.main.name || name;
  }

  /** Let everything go to its place, and tell which layers are wanted. */
  arrange(smooth) {
    const { network } = this;
    this.inquiry.clear();
    const nodes = network.layOut(this.view.viewpoint.camera.aspect);
    for (const node of nodes) if (node.open) this.mapsOf(node);
    this.slabs.setNodes(nodes);
    this.labels.setNodes(network, this.view.width);
    const corners = network.corners();
    this.view.viewpoint.setBounds(corners);
    if (!this.view.viewpoint.moved) this.view.viewpoint.fit(corners, smooth);
    this.opening = { began: null, isInstant: !smooth || this.view.viewpoint.reduced.matches };
    this.view.invalidate();
    const wanted = network.wanted();
    if (this.told === network && String(wanted) === String(this.wanted)) return;
    [this.told, this.wanted] = [network, wanted];
    this.events.opened?.(wanted);
  }

  /** The rows may have to be broken elsewhere. */
  resized() {
    this.highlight.setScreen(this.view.width, this.view.height);
    if (this.network.nodes.length) this.arrange(false);
  }

  mapsOf(node) {
    const [unit] = node.units;
    if (!this.maps.has(unit)) {
      const maps = new MapLayer(node.grid, unit.shown.shape, node.isPicture);
      maps.setTheme(this.theme);
      if (node.isPicture) {
        const { rgba, width, height } = this.picture;
        maps.setPicture(rgba, width, height);
      }
      this.maps.set(unit, maps);
      this.view.scene.add(maps.mesh);
    }
    return this.maps.get(unit);
  }

  /** Move what opens or closes; true while it does. */
  advance(now) {
    const { opening } = this;
    if (!opening) return false;
    opening.began ??= now;
    const part = opening.isInstant ? 1 : Math.min(1, (now - opening.began) / OPENING_MS);
    this.network.advance(part * part * (3 - 2 * part));
    this.slabs.place();
    for (const node of this.network.nodes) {
      const { x, y, open } = node.place;
      if (!node.isStage) this.maps.get(node.units[0])?.moveTo(x, y, open);
    }
    if (part < 1) return true;
    this.opening = null;
    for (const unit of [...this.maps.keys()]) if (!this.network.open.has(unit)) this.drop(unit);
    this.inquiry.arrived();
    return false;
  }

  /** Free the maps of a layer. */
  drop(unit) {
    const maps = this.maps.get(unit);
    if (!maps) return;
    this.remove(maps);
    this.maps.delete(unit);
  }

  remove(maps) {
    this.view.scene.remove(maps.mesh);
    maps.dispose();
  }

  setTheme() {
    this.theme = themeOf(this.container);
    this.view.renderer?.setClearColor(this.theme.ground);
    for (const each of [this.slabs, this.highlight, this.labels, ...this.maps.values()]) {
      each.setTheme(this.theme);
    }
    this.inquiry.redraw();
    this.view.invalidate();
  }

  focus(name) {
    const nodes = this.network.unitsNamed(name).map((unit) => this.network.nodeOfUnit.get(unit));
    if (name && !nodes.length) return;
    this.view.viewpoint.moved = Boolean(name);
    this.view.viewpoint.fit(this.network.corners(name ? nodes : undefined), true);
  }

  resetCamera(smooth = true) {
    this.view.viewpoint.moved = false;
    this.view.viewpoint.fit(this.network.corners(), smooth);
  }

  /** @param {string[]} labels @param {number[]} scores @param {number[]} [indices] */
  setScores(labels, scores, indices) {
    const last = this.network.units[this.network.units.length - 1];
    const order = last && !indices ? this.maps.get(last)?.largest(labels.length) : [];
    const best = labels.map((text, rank) => {
      const own = /^\d+$/.test(text) ? Number(text) : order?.[rank] ?? -1;
      return { text, score: scores[rank], index: indices ? indices[rank] : own };
    });
    this.labels.setScores(best);
    this.view.invalidate();
  }

  showRegion(layer, element, regions) {
    this.inquiry.showRegion(layer, element, regions);
  }

  setValue(layer, element, value) {
    this.inquiry.setValue(layer, element, value);
  }

  /** What it costs now, for tests and measurements. */
  get cost() {
    const { render, memory } = this.view.renderer.info;
    const { calls, triangles } = render;
    return { calls, triangles, frames: this.view.frames, ...memory };
  }

  /** Free what is on the graphics card; the next picture brings it back. */
  free() {
    for (const each of [this.slabs, this.highlight, ...this.maps.values()]) each.dispose();
  }

  dispose() {
    this.watcher.disconnect();
    this.pointer.dispose();
    this.free();
    this.labels.dispose();
    this.view.dispose();
    for (const element of [this.said, this.keys, this.sentence]) element.remove();
  }
}
