import { Drawing, PAD_HEIGHT, PAD_WIDTH, placed } from "nn-digits/drawing.js";
import { decodePictures, paint, toBytes } from "nn-digits/painter.js";
import { KeyPen, PointerPen } from "nn-digits/pens.js";

const PEN = 26;
// Pixels per unit of the pad that are sent.
const SCALE = 0.5;
const CURSOR_PX = 14;
const EXAMPLE = { left: 185, top: 60, height: 360, width: PEN };
// Until something is drawn, so that there is something to look at.
const FIRST_DIGIT = "3";

/** The pad of the view Digits, small; each stroke that ends is looked at. */
export const PadInput = {
  template: `
  <div class="ly-pad">
    <canvas ref="canvas" width="640" height="480" tabindex="0" role="application"
      aria-label="Drawing pad" aria-describedby="ly-pad-help"
      @keydown="keyDown" @keyup="keys.up($event)" @blur="keys.hide()"></canvas>
    <div class="ly-row">
      <button type="button" :disabled="!canUndo" @click="undo">Undo</button>
      <button type="button" :disabled="isEmpty" @click="clear">Clear</button>
    </div>
    <div class="ly-row ly-digits" role="group" aria-label="Written digits">
      <button v-for="(strokes, digit) in strokes" :key="digit" type="button"
        :aria-label="'Write a ' + digit" @click="example(digit)">{{ digit }}</button>
    </div>
    <p id="ly-pad-help" class="nn-sentence">Draw with the mouse, a finger or a pen. By keyboard: arrows
      move the cursor, the space bar holds the pen down, Delete clears.</p>
  </div>`,
  props: { strokes: Object },
  emits: ["drawing"],
  data() {
    return { isEmpty: true, canUndo: false, first: [] };
  },
  created() {
    this.drawing = new Drawing();
    if (this.drawing.isEmpty) this.first = placed(this.strokes[FIRST_DIGIT], EXAMPLE);
  },
  mounted() {
    const on = {
      width: () => PEN,
      changed: () => this.repaint(),
      finished: (stroke) => {
        this.drawing.add(stroke);
        this.changed();
      },
    };
    this.pointer = new PointerPen(this.$refs.canvas, on);
    this.keys = new KeyPen(on);
    this.theme = new MutationObserver(() => this.repaint());
    this.theme.observe(document.body, { attributeFilter: ["class"] });
    this.changed();
  },
  beforeUnmount() {
    this.theme.disconnect();
    cancelAnimationFrame(this.painting);
  },
  methods: {
    items() {
      return this.first.length ? this.first : this.drawing.items;
    },
    async changed() {
      const { drawing } = this;
      if (drawing.done.length) this.first = [];
      this.isEmpty = !this.items().length;
      this.canUndo = drawing.done.length > 0;
      await decodePictures(drawing.items);
      this.repaint();
      this.$emit("drawing", this.isEmpty ? null : toBytes(this.items(), SCALE));
    },
    undo() {
      if (this.drawing.undo()) this.changed();
    },
    clear() {
      this.first = [];
      this.drawing.clear();
      this.changed();
    },
    example(digit) {
      this.drawing.replace(placed(this.strokes[digit], EXAMPLE));
      this.changed();
    },
    keyDown(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Escape" || event.key === "Delete") this.clear();
      else if (!this.keys.down(event)) return;
      event.preventDefault();
    },
    repaint() {
      cancelAnimationFrame(this.painting);
      this.painting = requestAnimationFrame(() => this.paintNow());
    },
    paintNow() {
      const { canvas } = this.$refs;
      if (!canvas) return;
      const dark = document.body.classList.contains("body--dark");
      const context = canvas.getContext("2d");
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, canvas.width, canvas.height);
      context.setTransform(canvas.width / PAD_WIDTH, 0, 0, canvas.height / PAD_HEIGHT, 0, 0);
      const strokes = [this.pointer.stroke, this.keys.stroke].filter(Boolean);
      // The first stroke takes the place of the example.
      const items = strokes.length ? this.drawing.items : this.items();
      paint(context, [...items, ...strokes], dark ? "#fff" : "#111");
      if (!this.keys.visible) return;
      const { x, y } = this.keys;
      context.strokeStyle = this.keys.stroke ? "#e8590c" : "#0b9";
      context.lineWidth = 3;
      context.beginPath();
      context.moveTo(x - CURSOR_PX, y);
      context.lineTo(x + CURSOR_PX, y);
      context.moveTo(x, y - CURSOR_PX);
      context.lineTo(x, y + CURSOR_PX);
      context.stroke();
    },
  },
};
