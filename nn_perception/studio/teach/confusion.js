/** The confusion matrix: a table whose cells show their frames. */
export default {
  template: `
  <div class="nn-confusion" tabindex="0" role="group" aria-label="Confusion matrix">
    <p class="nn-sentence">Rows: what the held-out {{ kind.items }} are. Columns: what the model says.
      Choose a cell for its {{ kind.items }}.</p>
    <table>
      <thead><tr><th scope="col">is \\ says</th>
        <th v-for="name in labels" :key="name" scope="col"><span>{{ name }}</span></th></tr></thead>
      <tbody>
        <tr v-for="(row, at) in matrix" :key="labels[at]">
          <th scope="row">{{ labels[at] }}</th>
          <td v-for="(count, to) in row" :key="labels[to]">
            <button v-if="count" type="button" :style="shade(count, row, at === to)"
              :aria-label="words(count, at, to)" :title="words(count, at, to)"
              @click="$emit('cell', { label: labels[at], predicted: labels[to] })">{{ count }}
            </button>
            <span v-else class="nn-soft">0</span>
          </td>
        </tr>
      </tbody>
    </table>
  </div>`,
  props: { kind: Object, labels: Array, matrix: Array },
  methods: {
    words(count, at, to) {
      const said = at === to ? "are right" : `were taken for ${this.labels[to]}`;
      return `${count} of ${this.labels[at]} ${said}`;
    },
    shade(count, row, right) {
      const share = Math.round((70 * count) / Math.max(1, row.reduce((a, b) => a + b, 0)));
      const colour = right ? "var(--nn-good)" : "var(--nn-bad)";
      return { background: `color-mix(in srgb, ${colour} ${share}%, transparent)` };
    },
  },
};
