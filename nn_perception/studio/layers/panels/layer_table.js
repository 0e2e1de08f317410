import { shown, sizes } from "nn-layers-view/numbers.js";

/** All layers, with buttons that open them, and the numbers of what is shown. */
export const LayerTable = {
  template: `
  <section class="nn-card ly-layers" aria-label="Layers">
    <h2>Layers</h2>
    <div class="ly-scroll" tabindex="0" role="region" aria-label="Table of the layers">
    <table class="ly-table">
      <caption class="nn-hidden">Layers in the order in which they are computed</caption>
      <thead><tr>
        <th scope="col">Layer</th><th scope="col">Kind</th><th scope="col">Shape</th>
        <th scope="col">Parameters</th><th scope="col">Min</th><th scope="col">Max</th>
        <th scope="col">Mean</th><th scope="col"><span class="nn-hidden">Actions</span></th>
      </tr></thead>
      <tbody>
        <tr v-for="row in rows" :key="row.name" :data-layer="row.name" :class="{ 'ly-open': row.open }">
          <th scope="row"><button type="button" class="ly-flat" title="Bring it near"
            :aria-label="'Bring near ' + row.name" @click="$emit('near', row.name)">{{ row.title || row.name }}
            </button></th>
          <td>{{ row.kind.replaceAll("_", " ") }}</td>
          <td>{{ sizes(row.shape) }}</td>
          <td>{{ row.parameters.toLocaleString("en") }}</td>
          <template v-if="row.figures">
            <td v-for="value in row.figures">{{ shown(value) }}</td>
          </template>
          <template v-else><td>–</td><td>–</td><td>–</td></template>
          <td class="ly-actions">
            <button type="button" :aria-expanded="row.open ? 'true' : 'false'"
              :aria-label="(row.open ? 'Close ' : 'Open ') + row.name" @click="$emit('toggle', row.name)">
              {{ row.open ? "Close" : "Open" }}</button>
            <button type="button" :disabled="!row.figures" :aria-label="'Values of ' + row.name"
              @click="$emit('values', row.name)">Values</button>
          </td>
        </tr>
      </tbody>
    </table>
    </div>
  </section>`,
  props: { layers: Array, open: Object, figures: Object },
  emits: ["toggle", "near", "values"],
  computed: {
    rows() {
      return this.layers.map((layer) => ({
        ...layer,
        open: this.open.has(layer.name),
        figures: this.figures[layer.name],
      }));
    },
  },
  methods: { shown, sizes },
};
