/** The accuracy of each class, with the number of its test samples. */

import { percent } from "nn-details/binary.js";

export const ClassBars = {
  template: `
  <table class="nn-table nn-class-bars"><thead><tr><th scope="col">class</th><th scope="col">accuracy</th>
    <th scope="col">right</th><th scope="col">of</th></tr></thead>
    <tbody><tr v-for="(one, at) in classes" :key="labels[at]"><th scope="row">{{ labels[at] }}</th>
      <td><span class="nn-class-bar" aria-hidden="true"><span :style="{ width: 100 * one.share + '%' }"></span></span>
        {{ percent(one.share) }}</td><td>{{ one.right }}</td><td>{{ one.count }}</td></tr></tbody></table>`,
  props: { labels: Array, classes: Array },
  methods: { percent },
};
