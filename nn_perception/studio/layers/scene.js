/**
 * The scene of layers as an element of a page.
 *
 * Its HTML element has the scene as the property `layerScene` (see modules/types.js), and
 * dispatches each event of the scene as a CustomEvent `layer-<event>` whose detail is the list of
 * arguments: `layer-opened`, `layer-hover`, `layer-click`, ...
 */

import { LayerScene } from "nn-layers/layer_scene.js";

const EVENTS = ["opened", "hover", "click", "selected", "frameRate", "problem"];

export default {
  template: '<div class="nn-layer-scene"></div>',
  props: { label: String },
  mounted() {
    const dispatch = (name) => (...detail) =>
      this.$el.dispatchEvent(new CustomEvent(`layer-${name}`, { detail }));
    const events = Object.fromEntries(EVENTS.map((name) => [name, dispatch(name)]));
    this.scene = new LayerScene(this.$el, events, this.label);
    this.$el.layerScene = this.scene;
    this.$el.dispatchEvent(new CustomEvent("layer-ready"));
  },
  beforeUnmount() {
    this.scene.dispose();
    delete this.$el.layerScene;
  },
};
