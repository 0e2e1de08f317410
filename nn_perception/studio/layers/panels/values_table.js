import { brief, heat, shown, valueAt } from "nn-layers-view/numbers.js";

const MAX_SIDE = 32;
const VECTOR_COLUMNS = 10;

/** The values of one map of a layer as a table; a button in each cell shows its arithmetic. */
export const ValuesTable = {
  template: `
  <section class="nn-card ly-values" aria-label="Values">
    <h2>Values</h2>
    <p v-if="!layer" class="nn-sentence">Open a layer, and choose “Values” in the table of layers.</p>
    <template v-else>
      <div class="ly-row">
        <strong>{{ layer.title || layer.name }}</strong>
        <label v-if="isMaps">Map
          <input type="number" min="0" :max="shape[0] - 1" :value="map" data-map
            @change="choose($event.target.value)"> of {{ shape[0] }}</label>
      </div>
      <p v-if="cut" class="nn-sentence">The first {{ rows.length }} rows and {{ rows[0].length }} columns<template
        v-if="step > 1">, every {{ step }}th of both</template>.</p>
      <div class="ly-scroll" tabindex="0" role="region" aria-label="Table of the values">
        <table class="ly-numbers ly-large">
          <caption class="nn-hidden">Values of {{ layer.name }}</caption>
          <thead v-if="isMaps"><tr><td></td><th v-for="(_, j) in rows[0]" scope="col">{{ j * step }}</th></tr></thead>
          <tr v-for="(row, i) in rows" :key="i">
            <th scope="row">{{ i * (isMaps ? step : columns) }}</th>
            <td v-for="(value, j) in row" :key="j" :style="heat(value, most)">
              <button type="button" :aria-label="'Arithmetic of ' + elementOf(i, j).join(', ')"
                :title="shown(value)" @click="$emit('element', layer.name, elementOf(i, j))">
                {{ brief(value) }}</button></td>
          </tr>
        </table>
      </div>
    </template>
  </section>`,
  props: { layer: Object, maps: Object, map: Number },
  emits: ["element", "map"],
  computed: {
    shape() {
      return this.maps ? this.maps.shape : this.layer.shape;
    },
    isMaps() {
      return this.shape.length === 3;
    },
    /** Every row, every second one, ... */
    step() {
      return this.isMaps ? Math.ceil(this.layer.shape[1] / this.shape[1]) : 1;
    },
    columns() {
      return this.isMaps ? this.shape[2] : VECTOR_COLUMNS;
    },
    rows() {
      if (!this.maps) return [[]];
      const { maps, columns } = this;
      const from = this.isMaps ? this.map * this.shape[1] * columns : 0;
      const count = this.isMaps ? this.shape[1] * columns : maps.values.length;
      const rows = [];
      for (let at = 0; at < count && rows.length < MAX_SIDE; at += columns) {
        const width = Math.min(columns, count - at, MAX_SIDE);
        rows.push(Array.from({ length: width }, (_, j) => valueAt(maps, from + at + j)));
      }
      return rows;
    },
    cut() {
      return this.isMaps && (this.shape[1] > MAX_SIDE || this.shape[2] > MAX_SIDE);
    },
    most() {
      return this.maps ? Math.max(Math.abs(this.maps.low), Math.abs(this.maps.high)) : 0;
    },
  },
  methods: {
    brief,
    heat,
    shown,
    choose(text) {
      const wanted = Math.round(Number(text)) || 0;
      this.$emit("map", Math.min(Math.max(wanted, 0), this.shape[0] - 1));
    },
    elementOf(row, column) {
      return this.isMaps ? [this.map, row * this.step, column * this.step] : [row * VECTOR_COLUMNS + column];
    },
  },
};
