/** The layers of a run in a table; opened ones show their numbers and maps. */

import { pictureUrl } from "nn-details/binary.js";
import { Maps } from "nn-details/maps.js";

const HEADS = ["shape", "parameters", "histogram", "minimum", "maximum", "mean", "zeros", "NaN", "infinite"];
const BAR = 3;
const HEIGHT = 22;
const TEN = 10;

const Histogram = {
  template: `<svg class="nn-histogram" role="img" :aria-label="words" :width="bins.length * 3"
    height="22"><title>{{ words }}</title><path :d="path"></path></svg>`,
  props: { bins: Array, low: String, high: String },
  computed: {
    words() {
      return `${this.bins.length} bins from ${this.low} to ${this.high}: ${this.bins.join(", ")}`;
    },
    path() {
      const most = Math.max(1, ...this.bins);
      const bars = this.bins.map((count, at) => {
        const size = count ? Math.max(1, (HEIGHT * count) / most) : 0;
        return `M${at * BAR} ${HEIGHT}v${-size.toFixed(1)}h${BAR - 0.5}v${size.toFixed(1)}z`;
      });
      return bars.join("");
    },
  },
};

export default {
  components: { Maps, Histogram },
  template: `
  <div class="nn-layers" v-if="layers.length">
    <div class="nn-row">
      <p class="nn-sentence nn-grow">Open a layer to see the numbers in it: the statistics are those of the last
        batch; the maps of activations and gradients are those of a test sample.</p>
      <label class="nn-label">Test sample
        <input class="nn-input" type="number" min="0" step="1" :value="index" @change="choose"></label>
      <label class="nn-label">Ten samples
        <input type="checkbox" v-model="ten"></label>
      <img v-for="at in samples" :key="at" class="nn-sample" :src="picture(at)" :alt="'Test sample ' + at">
      <button type="button" class="nn-button" @click="all">{{ opened.length ? "Close all" : "Open all" }}</button>
    </div>
    <div class="nn-scroll nn-layers-table" tabindex="0" role="region" aria-label="Layers of the run">
    <table class="nn-table">
      <thead><tr><th scope="col">layer</th><th scope="col">type</th>
        <th v-for="head in heads" :key="head" scope="col">{{ head }}</th></tr></thead>
      <tbody v-for="layer in layers" :key="layer.name" :data-layer="layer.name">
        <tr>
          <th scope="row"><button type="button" class="nn-open"
            :aria-expanded="isOpen(layer) ? 'true' : 'false'" @click="toggle(layer)">
            <i class="q-icon material-icons" aria-hidden="true">{{ isOpen(layer) ? "expand_more" : "chevron_right" }}</i>
            {{ layer.name }}</button></th>
          <td>{{ layer.title || layer.kind }}</td><td>{{ layer.shape }}</td><td>{{ layer.parameters }}</td>
          <td colspan="7"></td>
        </tr>
        <template v-if="isOpen(layer)">
          <tr v-for="one in layer.tensors" :key="one.name" class="nn-tensor" :data-tensor="one.name">
            <th scope="row">{{ one.name }}</th><td></td><td>{{ one.shape }}</td><td></td>
            <td><histogram :bins="one.histogram" :low="one.cells[0]" :high="one.cells[1]"></histogram></td>
            <td v-for="(cell, at) in one.cells" :key="at"
              :class="{ 'nn-problem': one.bad && at > 3 }">{{ cell }}</td>
          </tr>
          <tr v-if="layer.maps.length"><td colspan="11"><div class="nn-maps-row">
            <template v-for="tensor in layer.maps" :key="tensor">
              <maps v-for="(at, place) in samplesOf(tensor)" :key="place" :run="run" :layer="layer.name" :tensor="tensor"
                :title="titleOf(tensor, at)" :index="at" :step="step"></maps></template></div></td></tr>
          <tr v-else><td colspan="11" class="nn-soft">Asking the run …</td></tr>
        </template>
      </tbody>
    </table></div>
  </div>`,
  props: { run: String, step: Number, layers: Array, titles: Object, remembered: Array },
  data() {
    return { opened: [...(this.remembered || [])], index: 0, ten: false, heads: HEADS };
  },
  computed: {
    samples() {
      return Array.from({ length: this.ten ? TEN : 1 }, (_, at) => this.index + at);
    },
  },
  watch: {
    run() {
      this.say([]);
    },
  },
  methods: {
    picture(index) {
      return pictureUrl(this.run, index);
    },
    samplesOf(tensor) {
      return tensor === "activations" ? this.samples : [this.index];
    },
    titleOf(tensor, index) {
      const sample = this.samplesOf(tensor).length > 1 ? `, sample ${index}` : "";
      return this.titles[tensor] + sample;
    },
    isOpen(layer) {
      return this.opened.includes(layer.name);
    },
    toggle(layer) {
      const rest = this.opened.filter((name) => name !== layer.name);
      this.say(rest.length < this.opened.length ? rest : [...rest, layer.name]);
    },
    all() {
      this.say(this.opened.length ? [] : this.layers.map((layer) => layer.name));
    },
    say(names) {
      this.opened = names;
      this.$emit("opened", names);
    },
    choose({ target }) {
      const wanted = Math.round(Number(target.value));
      this.index = Number.isFinite(wanted) ? Math.min(Math.max(wanted, 0), 1e7) : 0;
      target.value = this.index;
    },
  },
};
