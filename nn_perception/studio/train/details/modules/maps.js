/** The values of a layer as a grid of maps. */

import { unpack } from "nn-details/binary.js";
import { gradient, levels } from "nn-details/map_colors.js";
import { MapLayout } from "nn-details/map_layout.js";
import { oneAtATime } from "nn-details/one_at_a_time.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export const Maps = {
  template: `
  <figure class="nn-maps" :data-tensor="tensor">
    <figcaption>{{ title }} <span class="nn-soft">{{ words }}</span></figcaption>
    <div class="nn-maps-place" ref="place">
      <canvas ref="canvas" tabindex="0" role="application" :aria-label="label" @mousemove="hover"
        @mouseleave="forget" @keydown="key" @focus="enter" @blur="forget"></canvas>
    </div>
    <div v-if="grid" class="nn-maps-legend"><span>{{ written(grid.low) }}</span>
      <span class="nn-maps-bar" aria-hidden="true" :style="{ background: bar }"></span>
      <span>{{ written(grid.high) }}</span></div>
    <p class="nn-maps-value" aria-live="polite">{{ problem || said }}</p>
  </figure>`,
  props: { run: String, layer: String, tensor: String, title: String, index: Number, step: Number },
  data() {
    return { grid: null, problem: "", said: "", bar: "", words: "" };
  },
  computed: {
    label() {
      return `${this.title} of ${this.layer}: ${this.words || "not there yet"}. Arrow keys go from value to value.`;
    },
    wanted() {
      return [this.run, this.layer, this.tensor, this.index, this.step].join(" ");
    },
  },
  watch: {
    wanted() {
      this.load();
    },
  },
  created() {
    this.load = oneAtATime(() => this.ask(), () => this.closed);
  },
  mounted() {
    this.chosen = -1;
    this.resizer = new ResizeObserver(() => this.paint());
    this.resizer.observe(this.$refs.place);
    this.theme = new MutationObserver(() => this.paint());
    this.theme.observe(document.body, { attributeFilter: ["class"] });
    this.load();
  },
  beforeUnmount() {
    this.closed = true;
    this.abort?.abort();
    this.resizer.disconnect();
    this.theme.disconnect();
  },
  methods: {
    async ask() {
      const { run, layer, tensor, index } = this;
      const query = new URLSearchParams({ run, layer, tensor, index });
      this.abort = new AbortController();
      try {
        const response = await fetch(`/train/details/maps?${query}`, { signal: this.abort.signal });
        const { values, pixels } = await unpack(response);
        if (this.closed) return;
        [this.grid, this.pixels, this.problem] = [values, pixels, ""];
      } catch (error) {
        if (this.closed) return;
        this.problem = error instanceof TypeError ? "The server does not answer." : error.message;
      }
      this.paint();
    },
    paint() {
      const { canvas, place } = this.$refs;
      if (!this.grid || !canvas || !place.clientWidth) return;
      const { grid } = this;
      const layout = new MapLayout(grid, place.clientWidth);
      this.layout = layout;
      this.words = sizes(grid, layout.count);
      const dark = document.body.classList.contains("body--dark");
      this.bar = gradient(grid.low, grid.high, dark);
      canvas.width = layout.canvasWidth;
      canvas.height = layout.canvasHeight;
      this.draw(canvas.getContext("2d"), levels(grid.low, grid.high, dark));
      canvas.dataset.step = String(this.step);
      this.say();
    },
    draw(context, colors) {
      const { width, height } = this.grid;
      const source = document.createElement("canvas");
      [source.width, source.height] = [width, height];
      const onSource = source.getContext("2d");
      const image = onSource.createImageData(width, height);
      const values = new Uint32Array(image.data.buffer);
      context.imageSmoothingEnabled = false;
      const size = width * height;
      for (let map = 0; map < this.layout.count; map += 1) {
        for (let at = 0; at < size; at += 1) values[at] = colors[this.pixels[map * size + at]];
        onSource.putImageData(image, 0, 0);
        const { scale } = this.layout;
        context.drawImage(source, ...this.layout.corner(map), width * scale, height * scale);
      }
      if (this.chosen < 0) return;
      const [left, top, side] = this.layout.square(this.chosen);
      context.strokeStyle = getComputedStyle(this.$el).color;
      context.lineWidth = 2;
      context.strokeRect(left, top, side, side);
    },
    hover({ offsetX, offsetY }) {
      if (!this.layout) return;
      this.choose(this.layout.at(offsetX, offsetY));
    },
    enter() {
      if (this.layout && this.chosen < 0) this.choose(0);
    },
    forget() {
      if (this.layout) this.choose(-1);
    },
    key(event) {
      if (!ARROWS[event.key] || !this.layout) return;
      event.preventDefault();
      this.choose(this.layout.neighbour(this.chosen, ...ARROWS[event.key]));
    },
    choose(index) {
      if (index === this.chosen) return;
      this.chosen = index;
      this.paint();
    },
    say() {
      if (this.chosen >= this.pixels.length) this.chosen = -1;
      const { low, high } = this.grid;
      const value = low + (this.pixels[this.chosen] / 255) * (high - low);
      this.said =
        this.chosen < 0 ? "" : `${this.layout.words(this.chosen)}: ${this.written(value)}`;
    },
    written(value) {
      return Number(value.toPrecision(4)).toString();
    },
  },
};

function sizes({ height, width, total }, count) {
  const cut = count < total ? `, the first ${count} of ${total}` : "";
  if (height * width === 1) return `${count} values${cut}`;
  return `${count} ${count === 1 ? "map" : "maps"} of ${height} x ${width}${cut}`;
}
