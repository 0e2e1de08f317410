import { brief, heat, largest, place, shown } from "nn-layers-view/numbers.js";

const FIRST_TERMS = 3;
const MAX_COLUMNS = 9;

/** A matrix of numbers, coloured. */
const Numbers = {
  template: `
  <table class="ly-numbers">
    <caption>{{ caption }}</caption>
    <tr v-for="(row, i) in cut" :key="i">
      <td v-for="(value, j) in row" :key="j" :style="heat(value, most)" :title="shown(value)">
        <span>{{ brief(value) }}</span></td>
    </tr>
  </table>`,
  props: { rows: Array, caption: String },
  computed: {
    cut() {
      return this.rows.slice(0, MAX_COLUMNS).map((row) => row.slice(0, MAX_COLUMNS));
    },
    most() {
      return largest(this.rows);
    },
  },
  methods: { brief, heat, shown },
};

/** How an element comes about: kernel, patch, products, sum, bias and activation. */
export const ArithmeticPanel = {
  components: { Numbers },
  template: `
  <section class="nn-card ly-arithmetic" aria-label="Arithmetic" tabindex="-1">
    <h2>How a value comes about</h2>
    <p v-if="!arithmetic" class="nn-sentence">{{ problem || hint }}</p>
    <template v-else>
      <p class="ly-where"><strong>{{ title }}</strong>, {{ where }}</p>
      <p v-if="score" class="ly-class" data-class>{{ capital(score) }}</p>
      <p>{{ words }}</p>
      <p class="ly-sum" data-sum>{{ sum }}</p>
      <div v-for="term in visible" :key="term.channel" class="ly-term">
        <h3>Channel {{ term.channel }}: {{ shown(term.total) }}</h3>
        <div v-if="isMatrix(term)" class="ly-product">
          <numbers :rows="term.patch" caption="patch"></numbers>
          <span aria-hidden="true">×</span>
          <numbers :rows="term.kernel" caption="kernel"></numbers>
          <span aria-hidden="true">=</span>
          <numbers :rows="products(term)" caption="products"></numbers>
        </div>
      </div>
      <table class="ly-terms">
        <caption>The terms that contribute most: {{ listed.length }} of {{ arithmetic.total_terms }}</caption>
        <thead><tr><th scope="col">channel</th><th v-if="single" scope="col">input</th>
          <th v-if="single" scope="col">weight</th><th scope="col">contribution</th></tr></thead>
        <tr v-for="term in listed" :key="term.channel">
          <th scope="row">{{ term.channel }}</th>
          <td v-if="single">{{ shown(term.patch[0][0]) }}</td>
          <td v-if="single">{{ shown(term.kernel[0][0]) }}</td>
          <td :style="heat(term.total, most)"><span>{{ shown(term.total) }}</span></td>
        </tr>
      </table>
      <button v-if="arithmetic.terms.length > short" type="button" class="ly-flat"
        @click="all = !all">{{ all ? "Show fewer" : "Show all terms" }}</button>
    </template>
  </section>`,
  props: { arithmetic: Object, layer: Object, problem: String, score: String },
  data() {
    return {
      all: false,
      short: 8,
      hint: "Click an element of an open layer, or choose one in the table of values.",
    };
  },
  computed: {
    title() {
      return this.layer ? this.layer.title || this.layer.name : this.arithmetic.layer;
    },
    where() {
      const { element } = this.arithmetic;
      return this.layer ? place(element, this.layer.shape) : element.join(", ");
    },
    single() {
      return this.arithmetic.terms.every((term) => size(term) === 1);
    },
    listed() {
      return this.arithmetic.terms.slice(0, this.all ? undefined : this.short);
    },
    visible() {
      return this.single ? [] : this.arithmetic.terms.slice(0, FIRST_TERMS);
    },
    most() {
      return largest([this.arithmetic.terms.map((term) => term.total)]);
    },
    isSum() {
      return this.arithmetic.rule.includes("sum");
    },
    words() {
      const { rule, activation, total_terms: total } = this.arithmetic;
      const terms = total === 1 ? "one channel" : `${total} channels`;
      const first = `${rule[0].toUpperCase()}${rule.slice(1)}, over ${terms} of the layer before.`;
      return activation ? `${first} ${activation} follows.` : first;
    },
    sum() {
      const { terms, total_terms: total, bias, value, activation, activated } = this.arithmetic;
      if (!this.isSum) return `Value ${shown(value)}${activation ? `, after ${activation} ${shown(activated)}` : ""}`;
      const parts = terms.slice(0, FIRST_TERMS).map((term) => shown(term.total));
      if (total > parts.length) parts.push(`… (${total - parts.length} more)`);
      if (this.arithmetic.rule.includes("bias")) parts.push(`bias ${shown(bias)}`);
      const after = activation ? ` → ${activation} → ${shown(activated)}` : "";
      return `${parts.join(" + ")} = ${shown(value)}${after}`;
    },
  },
  methods: {
    heat,
    shown,
    capital: (text) => text[0].toUpperCase() + text.slice(1),
    /** What is shown, in words. */
    spoken() {
      if (!this.arithmetic) return this.problem;
      return `${this.title}, ${this.where}: ${this.score ? `${this.score}; ` : ""}${this.sum}`;
    },
    isMatrix(term) {
      return size(term) > 1 && term.patch.length === term.kernel.length;
    },
    products({ patch, kernel }) {
      return patch.map((row, i) =>
        row.map((value, j) =>
          value === null || kernel[i][j] === null ? null : value * kernel[i][j],
        ),
      );
    },
  },
};

function size({ patch }) {
  return patch.length * (patch[0]?.length || 0);
}
