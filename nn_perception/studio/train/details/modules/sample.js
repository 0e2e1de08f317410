/** A test sample: its picture, its three best labels, right or wrong. */

import { percent, pictureUrl } from "nn-details/binary.js";

export const Sample = {
  template: `
  <figure class="nn-example" :class="sample.right ? 'nn-right' : 'nn-wrong'" :data-index="sample.index">
    <img :src="picture" width="56" height="56" :alt="'Test sample ' + sample.index + ': ' + sample.truth">
    <figcaption>
      <span class="nn-mark-of" role="img" :aria-label="sample.right ? 'right' : 'wrong'">{{ sample.right ? "✓" : "✗" }}</span>
      <span class="nn-truth">{{ sample.truth }}</span>
      <span v-for="one in sample.top" :key="one.label" class="nn-top" :class="{ 'nn-top-true': one.truth }">
        <span class="nn-top-label" :title="one.label">{{ one.label }}</span>
        <span class="nn-top-bar" aria-hidden="true"><span :style="{ width: 100 * one.score + '%' }"></span></span>
        <span class="nn-top-score">{{ percent(one.score) }}</span></span>
    </figcaption>
  </figure>`,
  props: { run: String, sample: Object },
  computed: {
    picture() {
      return pictureUrl(this.run, this.sample.index);
    },
  },
  methods: { percent },
};
