/** Twenty test samples, and what the run says about them now. */

import { percent } from "nn-details/binary.js";
import { Sample } from "nn-details/sample.js";

export default {
  components: { Sample },
  template: `
  <div class="nn-samples" v-if="samples.length">
    <div class="nn-row">
      <p class="nn-big" aria-live="off" data-accuracy>{{ words }}</p><span class="nn-grow"></span>
      <label class="nn-label"><input type="checkbox" :checked="moves"
        @change="$emit('moves', $event.target.checked)"> Go on to the next while it trains</label>
      <button type="button" class="nn-button" @click="$emit('turn', 'previous')">Previous 20</button>
      <button type="button" class="nn-button" @click="$emit('turn', 'next')">Next 20</button>
    </div>
    <p class="nn-sentence" role="status">{{ place }}</p>
    <div class="nn-examples"><sample v-for="one in samples" :key="one.index" :run="run" :sample="one"></sample></div>
    <details><summary>As a table</summary><div class="nn-scroll"><table class="nn-table">
      <thead><tr><th scope="col">test sample</th><th scope="col">truth</th><th scope="col">prediction</th>
        <th scope="col">score</th><th scope="col">right</th></tr></thead>
      <tbody><tr v-for="one in samples" :key="one.index"><th scope="row">{{ one.index }}</th><td>{{ one.truth }}</td>
        <td>{{ one.top[0].label }}</td><td>{{ percent(one.top[0].score) }}</td>
        <td>{{ one.right ? "yes" : "no" }}</td></tr></tbody></table></div></details>
  </div>`,
  props: { run: String, samples: Array, words: String, place: String, moves: Boolean },
  methods: { percent },
};
