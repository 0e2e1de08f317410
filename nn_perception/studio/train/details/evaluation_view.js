/** How a run does on all test samples: after training so far, and before it. */

import { percent } from "nn-details/binary.js";
import { ClassBars } from "nn-details/class_bars.js";
import { Confusion } from "nn-details/confusion.js";
import { Sample } from "nn-details/sample.js";

export default {
  components: { ClassBars, Confusion, Sample },
  template: `
  <div class="nn-evaluation" v-if="now">
    <p class="nn-big" data-accuracy>{{ percent(now.accuracy) }} of {{ now.total }} test samples are right after step
      {{ now.step }}<template v-if="before">; before training, {{ percent(before.accuracy) }} were</template>.</p>
    <div class="nn-before-after">
      <section v-for="side in sides" :key="side.name" :aria-label="side.name" :data-side="side.key">
        <h3>{{ side.name }}: {{ percent(side.values.accuracy) }}</h3>
        <p v-if="side.values.more" class="nn-sentence">{{ side.values.more }} more classes are not shown.</p>
        <h4>Accuracy by class</h4>
        <class-bars :labels="side.values.labels" :classes="side.values.classes"></class-bars>
        <h4>Confusion matrix</h4>
        <p class="nn-sentence">Rows: what the samples show. Columns: what the run says.
          {{ side.key === "now" ? "Choose a cell to see its examples." : "" }}</p>
        <confusion :labels="side.values.labels" :matrix="side.values.confusion" :choosable="side.key === 'now'"
          :name="'Confusion matrix ' + side.name.toLowerCase()" @cell="$emit('cell', $event)"></confusion>
      </section>
    </div>
    <section aria-label="Examples of a cell" aria-live="polite" ref="examples">
      <template v-if="examples"><h3>Examples: {{ examples.words }}</h3>
      <div class="nn-examples"><sample v-for="one in examples.samples" :key="one.index" :run="run" :sample="one"></sample></div>
      <p class="nn-sentence">Bars: what the run says now; while it trains, that may differ from the matrix.</p></template>
    </section>
    <section aria-label="Worst mistakes"><h3>Worst mistakes</h3>
      <p v-if="!worst.length" class="nn-sentence">No test sample is wrong.</p>
      <template v-else><p class="nn-sentence">Wrong answers, the most confident first. A label that you would give yourself may be
        a mistake in the data.</p>
      <div class="nn-examples"><sample v-for="one in worst" :key="one.index" :run="run" :sample="one"></sample></div>
      <details><summary>As a table</summary><div class="nn-scroll"><table class="nn-table">
        <thead><tr><th scope="col">test sample</th><th scope="col">truth</th><th scope="col">prediction</th>
          <th scope="col">score</th></tr></thead>
        <tbody><tr v-for="one in worst" :key="one.index"><th scope="row">{{ one.index }}</th><td>{{ one.truth }}</td>
          <td>{{ one.top[0].label }}</td><td>{{ percent(one.top[0].score) }}</td></tr></tbody></table></div></details>
      </template></section>
  </div>`,
  props: { run: String, now: Object, before: Object, worst: Array, examples: Object },
  computed: {
    sides() {
      const after = { key: "now", name: "After training so far", values: this.now };
      const before = { key: "before", name: "Before training", values: this.before };
      return this.before ? [before, after] : [after];
    },
  },
  watch: {
    "examples.words"(words) {
      if (words) this.$nextTick(() => this.$refs.examples?.scrollIntoView({ block: "nearest" }));
    },
  },
  methods: { percent },
};
