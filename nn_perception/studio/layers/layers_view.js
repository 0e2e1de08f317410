/** The view Layers: a network in three dimensions, and what belongs to it. */

import { LayerScene } from "nn-layers/layer_scene.js";
import { ArithmeticPanel } from "nn-layers-view/arithmetic_panel.js";
import { InputPanel } from "nn-layers-view/input_panel.js";
import { LayersSocket } from "nn-layers-view/layers_socket.js";
import { LayerTable } from "nn-layers-view/layer_table.js";
import { percent } from "nn-layers-view/numbers.js";
import { RunPanel } from "nn-layers-view/run_panel.js";
import { Scores } from "nn-layers-view/scores.js";
import { SeenPicture, toRgba } from "nn-layers-view/seen_picture.js";
import { TEMPLATE } from "nn-layers-view/template.js";
import { ValuesTable } from "nn-layers-view/values_table.js";
import * as words from "nn-layers-view/words.js";

const PATH = "/layers/socket";
const FIRST = "lenet5";
// Questions while the pointer moves, and figures of the table.
const HOVER_MS = 50;
const FIGURES_MS = 500;
// Networks with more layers than this begin closed.
const SMALL = 24;

export default {
  template: TEMPLATE,
  components: { ArithmeticPanel, InputPanel, LayerTable, RunPanel, Scores, SeenPicture, ValuesTable },
  props: { strokes: Object, examples: Array, cameras: Array, starting: Boolean },
  emits: ["start"],
  data() {
    return {
      networks: [],
      network: "",
      layers: [],
      open: new Set(),
      opening: new Set(),
      figures: {},
      labels: [],
      scores: [],
      time: "",
      attention: false,
      status: null,
      rate: "",
      hovered: null,
      ...{ arithmetic: null, arithmeticProblem: "" },
      ...{ valuesLayer: "", valuesMaps: null, map: 0 },
      sentences: {},
      said: "",
    };
  },
  computed: {
    choices() {
      const named = ({ group, title }) => (group === "Shipped" ? title : `${group}: ${title}`);
      const listed = this.networks.map((one) => ({ value: one.id, label: named(one) }));
      const known = listed.some((one) => one.value === this.network);
      return known || !this.network ? listed : [...listed, { value: this.network, label: this.network }];
    },
    info() {
      return this.networks.find((one) => one.id === this.network);
    },
    reads() {
      return this.info?.reads || "pictures";
    },
    isRun() {
      return this.network.startsWith("run:");
    },
    facts() {
      if (!this.layers.length) return "";
      const parameters = this.layers.reduce((sum, layer) => sum + layer.parameters, 0);
      return `${this.layers.length} layers, ${parameters.toLocaleString("en")} parameters`;
    },
    sentence() {
      const { server, network, input, run, scene, start } = this.sentences;
      return server || [network, input, run, scene, start].filter(Boolean).join(" ");
    },
    emptyWords() {
      return this.reads === "people" ? "This network has no classes: its last layers are maps of people." : "Nothing yet.";
    },
    hoverWords() {
      if (!this.hovered) return "Point at an element, or choose one by keyboard.";
      const { layer, element } = this.hovered;
      return words.describeHovered(this.hovered, element ? this.scoreOf(layer, element) : "");
    },
  },
  created() {
    // Not data: Vue must not watch what changes ten times a second.
    this.maps = new Map();
    this.outputs = [];
    this.number = 0;
    this.resend = () => {};
    this.wanted = Object.fromEntries(new URLSearchParams(location.search));
    this.network = (this.wanted.network || FIRST).slice(0, 1000);
    this.attention = this.wanted.attention === "1";
  },
  mounted() {
    this.scene = new LayerScene(
      this.$refs.scene,
      {
        opened: (names) => this.opened(names),
        hover: (layer, element) => this.hover(layer, element),
        click: (layer, element) => this.explain(layer, element),
        frameRate: (rate) => (this.rate = rate ? `${Math.round(rate)} frames/s` : ""),
        problem: (sentence) => (this.sentences.scene = sentence),
      },
      "Layers of the network; the tables below contain the same numbers",
    );
    this.socket = new LayersSocket(PATH, {
      onOpen: () => this.begin(),
      onLook: (look) => this.onLook(look),
      onMessage: (message) => this.onMessage(message),
      onSentence: (about, sentence) => (this.sentences[about] = sentence),
    });
  },
  beforeUnmount() {
    this.socket.close();
    this.scene.dispose();
    for (const timer of [this.hovering, this.counting]) clearTimeout(timer);
  },
  methods: {
    /** Says anew what is wanted: the server knows nothing of a connection before. */
    begin() {
      this.socket.send({ network: this.network });
      this.sendOpen();
      this.resend();
    },
    onMessage(message) {
      if (message.networks) this.networks = message.networks;
      else if (message.layers) this.setLayers(message);
      else if (message.status && this.isRun) this.status = message.status;
    },
    /** Chooses a network; also called by the server. */
    chooseNetwork(network) {
      if (network === this.network) return;
      this.network = network;
      this.forget();
      this.keep();
      this.socket.send({ network });
    },
    forget() {
      [this.layers, this.status, this.arithmetic, this.hovered] = [[], null, null, null];
      [this.labels, this.scores, this.time, this.figures] = [[], [], "", {}];
      [this.valuesLayer, this.valuesMaps, this.map, this.arithmeticProblem] = ["", null, 0, ""];
      [this.explained, this.pointed] = [null, null];
      this.maps.clear();
      this.scene.setNetwork([]);
    },
    setLayers({ network, layers, labels }) {
      if (network !== this.network) return;
      this.outputs = labels;
      const same = JSON.stringify(layers) === this.described;
      this.described = JSON.stringify(layers);
      if (!same || !this.layers.length) {
        this.layers = layers;
        this.scene.setNetwork(layers);
        this.openFirst();
      }
      this.$nextTick(() => this.$refs.input.begin(this.wanted));
    },
    /** Opens what the address says, or else all of a small network. */
    openFirst() {
      const { layers } = this.wanted;
      this.wanted.layers = undefined;
      if (layers) for (const name of layers.split(",")) this.scene.open(name);
      else if (this.layers.length <= SMALL) this.scene.openAll();
    },
    opened(names) {
      this.open = new Set(names);
      this.opening = new Set(
        this.layers.map((layer) => layer.name).filter((name) => this.scene.isOpen(name)),
      );
      for (const name of this.maps.keys()) if (!this.open.has(name)) this.maps.delete(name);
      this.sendOpen();
      this.keep();
    },
    sendOpen() {
      this.socket?.send({ open: [...this.open], attention: this.attention });
    },
    setAttention(attention) {
      this.attention = attention;
      this.sendOpen();
      this.keep();
    },
    toggle(name) {
      if (this.scene.isOpen(name)) this.scene.close(name);
      else this.scene.open(name);
    },
    /** Looks at something else. */
    look(kind, value) {
      const isPicture = kind === "picture" || kind === "frame";
      this.resend = () => {
        if (isPicture) this.socket.sendPicture(value, this.number);
        else if (kind !== "drawing") this.socket.send({ [kind]: value });
        else if (value) this.socket.sendDrawing(value, this.number);
        else this.socket.send({ nothing: true });
      };
      this.number = (this.number % (2 ** 32 - 1)) + 1;
      if (kind === "frame") this.$refs.input.sent(this.socket.isOpen ? this.number : 0);
      if (kind === "drawing" && !value) [this.labels, this.scores] = [[], []];
      this.resend();
    },
    onLook(look) {
      if (look.network !== this.network) return;
      for (const maps of look.maps) {
        this.maps.set(maps.layer, maps);
        this.scene.setMaps(maps);
      }
      const { seen } = look;
      this.scene.setInput(toRgba(seen), seen.width, seen.height);
      this.scene.setScores(look.labels, look.scores);
      this.$refs.seen.paint(seen, look.attention);
      if (look.labels[0] !== this.labels[0] && look.labels.length) {
        this.said = `${look.labels[0]}, ${percent(look.scores[0])}`;
      }
      [this.labels, this.scores] = [look.labels, look.scores];
      this.time = look.inference_ms.toFixed(1);
      this.$refs.input.done(look.picture);
      this.counting ??= setTimeout(() => this.count(), FIGURES_MS);
    },
    /** Twice a second at most: the figures of the tables. */
    count() {
      this.counting = undefined;
      const figures = {};
      for (const [name, maps] of this.maps) figures[name] = [maps.low, maps.high, maps.mean];
      this.figures = figures;
      this.valuesMaps = Object.freeze({ ...this.maps.get(this.valuesLayer) });
      if (!this.valuesMaps.values) this.valuesMaps = null;
      if (this.explained) this.refreshArithmetic();
      if (this.pointed) this.ask();
    },
    layerOf(name) {
      return this.layers.find((layer) => layer.name === name);
    },
    hover(name, element) {
      const layer = this.layerOf(name);
      this.hovered = layer ? { layer, element, closed: !this.opening.has(name) } : null;
      // Not data: what Vue returns of it would be another object.
      this.pointed = layer && element ? [name, element] : null;
      clearTimeout(this.hovering);
      if (this.pointed) this.hovering = setTimeout(() => this.ask(), HOVER_MS);
    },
    async ask() {
      const { pointed } = this;
      const [name, element] = pointed;
      const answer = await this.socket.ask("hover", name, element);
      // A convolution that is drawn with its activation: it has the region, the other the value.
      const first = this.scene.computedBy(name);
      const { regions } = first === name ? answer : await this.socket.ask("hover", first, element);
      if (!regions || pointed !== this.pointed) return;
      this.scene.showRegion(name, element, regions);
      this.scene.setValue(name, element, answer.value);
      const seen = words.describeRegions(regions);
      this.hovered = { ...this.hovered, value: answer.value, seen };
    },
    /** The class and its probability, of an element of the last layers. */
    scoreOf(layer, element) {
      const isOutput = element.length === 1 && layer.shape[0] === this.outputs.length;
      if (!isOutput || !this.labels.length) return "";
      return words.describeClass(this.outputs[element[0]], this.labels, this.scores);
    },
    /** Shows how an element comes about, from now on. */
    async explain(name, element) {
      this.explained = [this.scene.computedBy(name), element];
      await this.refreshArithmetic();
      this.said = this.$refs.arithmetic.spoken();
    },
    async refreshArithmetic() {
      const { explained } = this;
      const answer = await this.socket.ask("arithmetic", ...explained);
      if (explained !== this.explained) return;
      this.arithmetic = answer.arithmetic || null;
      this.arithmeticProblem = answer.error || "";
    },
    async explainFromTable(name, element) {
      await this.explain(name, element);
      this.$refs.arithmetic.$el.scrollIntoView({ block: "start" });
    },
    showValues(name) {
      [this.valuesLayer, this.map] = [name, 0];
      this.count();
      this.$nextTick(() => this.$refs.values.$el.scrollIntoView({ block: "nearest" }));
    },
    /** Shows a sentence of the server. */
    say(sentence) {
      this.sentences.start = sentence;
    },
    keepInput(input) {
      this.wanted = { ...this.wanted, ...input };
      this.keep();
    },
    /** Keeps the choice in the address, so that it survives a reload. */
    keep() {
      const { input, value } = this.wanted;
      const state = { network: this.network, input, value };
      const isDefault = this.open.size === this.layers.length || !this.layers.length;
      if (!isDefault && this.open.size <= SMALL) state.layers = [...this.open].join(",") || "none";
      if (this.attention) state.attention = "1";
      words.keepInAddress(state);
    },
  },
};
