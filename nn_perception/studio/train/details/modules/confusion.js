/** A confusion matrix: a heat map of counts, and a table at the same time. */

export const Confusion = {
  template: `
  <div class="nn-confusion-scroll" tabindex="0" role="region" :aria-label="name">
    <table class="nn-matrix">
      <thead><tr><th scope="col">truth \\ prediction</th>
        <th v-for="label in labels" :key="label" scope="col" :title="label">{{ label }}</th></tr></thead>
      <tbody><tr v-for="(row, truth) in matrix" :key="labels[truth]">
        <th scope="row" :title="labels[truth]">{{ labels[truth] }}</th>
        <td v-for="(count, to) in row" :key="labels[to]" :style="shade(count, truth, to)">
          <button v-if="count && choosable" type="button" :title="words(count, truth, to)"
            :aria-label="words(count, truth, to)" @click="$emit('cell', { truth, prediction: to })">{{ count }}</button>
          <span v-else :title="words(count, truth, to)" :class="{ 'nn-soft': !count }">{{ count }}</span>
        </td></tr></tbody>
    </table>
  </div>`,
  props: { labels: Array, matrix: Array, name: String, choosable: Boolean },
  emits: ["cell"],
  methods: {
    words(count, truth, to) {
      const samples = count === 1 ? "sample" : "samples";
      return `truth ${this.labels[truth]}, prediction ${this.labels[to]}: ${count} ${samples}`;
    },
    shade(count, truth, to) {
      if (!count) return {};
      const total = this.matrix[truth].reduce((a, b) => a + b, 0);
      const share = Math.round(10 + (60 * count) / Math.max(1, total));
      const color = truth === to ? "var(--nn-primary)" : "var(--nn-warn)";
      return { background: `color-mix(in srgb, ${color} ${share}%, transparent)` };
    },
  },
};
