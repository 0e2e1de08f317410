const SHADE = 0.62;

/** What the network sees, and where it looked: the class activation map over it. */
export const SeenPicture = {
  template: `
  <section class="nn-card ly-seen" aria-label="What the network sees">
    <h2>What the network sees</h2>
    <canvas ref="canvas" width="28" height="28" role="img" :aria-label="words"
      :class="{ 'ly-pixels': small }"></canvas>
    <q-toggle :model-value="attention" dense label="Where the network looked"
      @update:model-value="(value) => $emit('attention', value)"/>
    <p class="nn-sentence">{{ words }}</p>
  </section>`,
  props: { attention: Boolean, best: String },
  emits: ["attention"],
  data() {
    return { size: null, hasMap: false };
  },
  computed: {
    small() {
      return this.size && this.size[0] < 64;
    },
    words() {
      if (!this.size) return "Nothing yet.";
      const size = `${this.size[0]} × ${this.size[1]} pixels, after preprocessing.`;
      if (!this.attention) return size;
      if (!this.hasMap) return `${size} This network has no class activation map.`;
      return `${size} Bright where “${this.best}” was found.`;
    },
  },
  methods: {
    /**
     * @param {{width: number, height: number, values: Uint8Array}} seen RGB
     * @param {?{width: number, height: number, values: Uint8Array}} attention
     */
    paint(seen, attention) {
      const { canvas } = this.$refs;
      if (!canvas) return;
      if (canvas.width !== seen.width) canvas.width = seen.width;
      if (canvas.height !== seen.height) canvas.height = seen.height;
      if (this.size?.[0] !== seen.width || this.size?.[1] !== seen.height) {
        this.size = [seen.width, seen.height];
      }
      this.hasMap = Boolean(attention);
      const context = canvas.getContext("2d");
      context.putImageData(new ImageData(toRgba(seen), seen.width, seen.height), 0, 0);
      if (!attention) return;
      const map = new OffscreenCanvas(attention.width, attention.height);
      const shade = new ImageData(attention.width, attention.height);
      attention.values.forEach((value, i) => {
        shade.data.set(warmth(value), 4 * i);
        shade.data[4 * i + 3] = 255 * SHADE;
      });
      map.getContext("2d").putImageData(shade, 0, 0);
      context.imageSmoothingQuality = "high";
      context.drawImage(map, 0, 0, canvas.width, canvas.height);
    },
  },
};

/** @param {{width: number, height: number, values: Uint8Array}} picture RGB */
export function toRgba({ width, height, values }) {
  const rgba = new Uint8ClampedArray(4 * width * height);
  for (let i = 0, j = 0; i < rgba.length; i += 4, j += 3) {
    rgba[i] = values[j];
    rgba[i + 1] = values[j + 1];
    rgba[i + 2] = values[j + 2];
    rgba[i + 3] = 255;
  }
  return rgba;
}

/** From dark violet over orange to light yellow, which also a colour-blind eye can order. */
function warmth(value) {
  const share = value / 255;
  return [
    Math.min(255, 30 + 380 * share),
    Math.max(0, 255 * (share * share * 1.05 - 0.05)),
    Math.max(20, 110 - 140 * share + 90 * share ** 4),
  ];
}
