import { percent } from "nn-layers-view/numbers.js";

/** Bars of the best labels, which are a table. */
export const Scores = {
  template: `
  <section class="nn-card ly-scores" aria-label="Result">
    <h2>Result</h2>
    <p class="ly-best" data-best>{{ best }}</p>
    <table v-if="labels.length" class="ly-bars">
      <caption class="nn-hidden">Probability of the best labels</caption>
      <tr v-for="(label, i) in labels" :key="label" :class="{ 'ly-first': i === 0 }">
        <th scope="row">{{ label }}</th>
        <td><span class="ly-track" aria-hidden="true"><span class="ly-bar"
          :style="{ transform: 'scaleX(' + (scores[i] || 0) + ')' }"></span></span>
          <span class="ly-number">{{ percent(scores[i]) }}</span></td>
      </tr>
    </table>
    <p v-else class="nn-sentence">{{ empty }}</p>
    <p v-if="time" class="nn-sentence">Forward pass {{ time }} ms</p>
  </section>`,
  props: { labels: Array, scores: Array, time: String, empty: String },
  computed: {
    best() {
      return this.labels.length ? `${this.labels[0]}, ${percent(this.scores[0])}` : "";
    },
  },
  methods: { percent },
};
