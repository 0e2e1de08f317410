/**
 * A pad to draw digits on, and what the networks read there.
 *
 * The drawing lives in the browser; after each stroke its pixels go to the server.
 */

import { Drawing, PAD_HEIGHT, PAD_WIDTH, placed } from "nn-digits/drawing.js";
import { decodePictures, paint, toBytes, toPng } from "nn-digits/painter.js";
import { KeyPen, PointerPen } from "nn-digits/pens.js";
import { readPicture } from "nn-digits/picture_ink.js";
import { ReadingClient } from "nn-digits/reading_client.js";
import { Lines, percent, Results, spoken } from "nn-digits/results.js";
import { TEMPLATE } from "nn-digits/template.js";

const PEN = 26;
// Pixels per unit of the pad that are sent.
const SCALES = { digit: 0.5, lines: 1 };
const CURSOR_PX = 14;
const EXAMPLE_LINES = ["2026", "31415"];

export default {
  template: TEMPLATE,
  components: { Results, Lines },
  props: { examples: Object },
  data() {
    return {
      mode: sessionStorage.getItem("nn-digits-mode") === "lines" ? "lines" : "digit",
      pen: PEN,
      eager: true,
      reading: null,
      lines: null,
      networks: {},
      message: "",
      problem: "",
      said: "",
      latency: 0,
      isEmpty: true,
      canUndo: false,
      canRedo: false,
      over: false,
      dark: false,
      stale: false,
    };
  },
  computed: {
    boxes() {
      return this.mode === "lines" && this.lines && !this.stale ? this.lines.digits : [];
    },
    viewBox: () => `0 0 ${PAD_WIDTH} ${PAD_HEIGHT}`,
  },
  mounted() {
    this.drawing = new Drawing();
    const on = {
      width: () => Number(this.pen),
      changed: () => this.repaint(),
      finished: (stroke) => this.add(stroke),
    };
    this.pointer = new PointerPen(this.$refs.canvas, on);
    this.keys = new KeyPen(on);
    this.client = new ReadingClient({
      read: (values, wanted) => this.show(values, wanted),
      waiting: (sentence) => ([this.message, this.problem] = [sentence, ""]),
      failed: (sentence) => ([this.message, this.problem] = ["", sentence]),
    });
    this.client.watchNetworks((message, networks) => {
      this.networks = networks;
      if (message || this.isEmpty) this.message = message;
    });
    this.resizer = new ResizeObserver(() => this.resize());
    this.resizer.observe(this.$refs.frame);
    this.theme = new MutationObserver(() => this.repaint());
    this.theme.observe(document.body, { attributeFilter: ["class"] });
    this.listeners = { keydown: (event) => this.shortcut(event), paste: (event) => this.paste(event) };
    for (const [name, listener] of Object.entries(this.listeners)) {
      window.addEventListener(name, listener);
    }
    this.changed();
  },
  beforeUnmount() {
    this.client.close();
    this.resizer.disconnect();
    this.theme.disconnect();
    for (const [name, listener] of Object.entries(this.listeners)) {
      window.removeEventListener(name, listener);
    }
  },
  methods: {
    percent,
    add(item) {
      this.problem = this.drawing.add(item);
      this.changed();
    },
    undo() {
      if (this.drawing.undo()) this.changed();
    },
    redo() {
      if (this.drawing.redo()) this.changed();
    },
    clear() {
      this.drawing.clear();
      this.changed();
    },
    async changed() {
      const began_ms = performance.now();
      const { drawing } = this;
      this.isEmpty = drawing.isEmpty;
      this.canUndo = drawing.done.length > 0;
      this.canRedo = drawing.undone.length > 0;
      this.stale = true;
      if (drawing.items.some((item) => item.picture)) await decodePictures(drawing.items);
      this.repaint();
      if (this.isEmpty) this.forget();
      else if (this.eager) this.read(began_ms);
    },
    forget() {
      this.client.cancel();
      [this.reading, this.lines, this.message, this.problem] = [null, null, "", ""];
      this.said = this.canUndo ? "The pad is empty." : "";
    },
    /** Send the drawing as it is now. */
    read(began_ms) {
      if (this.isEmpty) {
        this.message = "Nothing is drawn yet.";
        return;
      }
      const { mode } = this;
      const start_ms = typeof began_ms === "number" ? began_ms : performance.now();
      this.client.read({ mode, start_ms, ...toBytes(this.drawing.items, SCALES[mode]) });
    },
    show(values, wanted) {
      [this.message, this.problem, this.stale] = [values.message, "", false];
      if (wanted.mode === "lines") this.lines = values;
      else this.reading = values;
      this.said = spoken(values);
      this.$nextTick(() => requestAnimationFrame(() => setTimeout(() => this.painted(wanted))));
    },
    /** The bars are on the screen. */
    painted({ start_ms }) {
      this.latency = performance.now() - start_ms;
      performance.clearMeasures("digits-read");
      performance.measure("digits-read", { start: start_ms, end: performance.now() });
    },
    setMode(mode) {
      this.mode = mode;
      sessionStorage.setItem("nn-digits-mode", mode);
      [this.message, this.said] = ["", ""];
      this.changed();
    },
    example(digit) {
      const place = { left: 185, top: 60, height: 360, width: PEN };
      this.drawing.replace(placed(this.examples[digit], place));
      this.changed();
    },
    exampleLines() {
      const strokes = EXAMPLE_LINES.flatMap((line, row) =>
        [...line].flatMap((digit, column) => {
          const place = { left: 40 + 115 * column, top: 60 + 210 * row, height: 130, width: 14 };
          return placed(this.examples[digit], place);
        }),
      );
      this.drawing.replace(strokes);
      this.changed();
    },
    async open(file) {
      if (!file) return;
      try {
        this.add(await readPicture(file));
      } catch (error) {
        this.problem = error.message;
      }
    },
    chosen(event) {
      this.open(event.target.files[0]);
      event.target.value = "";
    },
    drop(event) {
      this.over = false;
      this.open(event.dataTransfer.files[0]);
    },
    paste(event) {
      const files = [...event.clipboardData.files].filter((file) => file.type.startsWith("image/"));
      if (files.length) this.open(files[0]);
    },
    async save() {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(await toPng(this.drawing.items));
      link.download = "drawing.png";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    },
    shortcut(event) {
      if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
      const key = event.key.toLowerCase();
      if (key === "z" && !event.shiftKey) this.undo();
      else if (key === "y" || key === "z") this.redo();
      else return;
      event.preventDefault();
    },
    keyDown(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Enter") this.read();
      else if (event.key === "Escape" || event.key === "Delete") this.clear();
      else if (!this.keys.down(event)) return;
      event.preventDefault();
    },
    keyUp(event) {
      this.keys.up(event);
    },
    resize() {
      const { canvas, frame } = this.$refs;
      const width = Math.max(1, Math.round(frame.clientWidth * (window.devicePixelRatio || 1)));
      canvas.width = width;
      canvas.height = Math.round((width * PAD_HEIGHT) / PAD_WIDTH);
      this.paintNow();
    },
    repaint() {
      this.painting = this.painting || requestAnimationFrame(() => this.paintNow());
    },
    paintNow() {
      this.painting = 0;
      const { canvas } = this.$refs;
      if (!canvas) return;
      this.dark = document.body.classList.contains("body--dark");
      const context = canvas.getContext("2d");
      const scale = canvas.width / PAD_WIDTH;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, canvas.width, canvas.height);
      context.setTransform(scale, 0, 0, scale, 0, 0);
      const strokes = [this.pointer.stroke, this.keys.stroke].filter(Boolean);
      paint(context, [...this.drawing.items, ...strokes], this.dark ? "#fff" : "#111");
      if (this.keys.visible) this.paintCursor(context);
    },
    paintCursor(context) {
      const { x, y, stroke } = this.keys;
      context.strokeStyle = stroke ? "#e8590c" : "#0b9";
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
