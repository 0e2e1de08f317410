/** What the networks say about the drawing. */

const NAMES = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "not a digit"];
const SIDE = 28;

/** Bars of both networks, which are a table, and what they have seen. */
export const Results = {
  template: `
  <div class="dg-results">
    <section class="nn-card dg-winner" aria-label="Result">
      <div class="dg-digit" :class="{ 'dg-word': !isDigit }" aria-hidden="true">{{ best || "–" }}</div>
      <div class="dg-beside">
        <div class="dg-sure" aria-hidden="true">{{ sure }}</div>
        <p class="nn-sentence" aria-hidden="true">{{ other }}</p>
      </div>
      <figure class="dg-seen">
        <canvas ref="seen" width="28" height="28" role="img"
          :aria-label="reading && reading.picture ? 'The drawing as the networks see it, 28 by 28 pixels' : 'Nothing is drawn yet'"></canvas>
        <figcaption>What the networks see: 28 × 28</figcaption>
      </figure>
    </section>
    <section class="nn-card" aria-label="Probabilities">
      <table class="dg-bars">
        <caption class="nn-hidden">Probability of each digit by network, in percent</caption>
        <thead><tr><td></td><th v-for="one in shown" scope="col">{{ one.name }}</th></tr></thead>
        <tbody>
          <tr v-for="(name, i) in names" :key="name">
            <th scope="row">{{ name }}</th>
            <td v-for="one in shown" :key="one.name" :class="{ 'dg-best': one.best === name }">
              <span class="dg-track" aria-hidden="true"><span class="dg-bar"
                :style="{ transform: 'scaleX(' + one.scores[i] + ')' }"></span></span>
              <span class="dg-number">{{ percent(one.scores[i]) }}</span>
            </td>
          </tr>
        </tbody>
      </table>
      <dl class="dg-networks">
        <template v-for="(words, name) in networks" :key="name">
          <dt>{{ name }}</dt><dd>{{ words }}.</dd>
        </template>
      </dl>
      <p class="nn-sentence dg-times">{{ times }}</p>
    </section>
  </div>`,
  props: { reading: Object, networks: Object, latency: Number, dark: Boolean },
  data() {
    return { names: NAMES };
  },
  computed: {
    shown() {
      const none = NAMES.map(() => 0);
      if (this.reading && this.reading.networks.length) return this.reading.networks;
      return ["cnn", "mlp"].map((name) => ({ name, scores: none, best: "" }));
    },
    best() {
      return this.shown[0].best;
    },
    isDigit() {
      return this.best.length < 2;
    },
    sure() {
      return this.best ? `${percent(Math.max(...this.shown[0].scores))}` : "";
    },
    other() {
      const second = this.shown[1];
      if (!this.best || !second) return "";
      const score = percent(Math.max(...second.scores));
      const agrees = second.best === this.best;
      return `${second.name} ${agrees ? "agrees" : "disagrees"}: ${second.best}, ${score}`;
    },
    times() {
      if (!this.best) return "";
      const each = this.shown.map((one) => `${one.name} ${one.time_ms.toFixed(1)} ms`).join(", ");
      const all = this.latency ? `; ${Math.round(this.latency)} ms from pen to bars` : "";
      return `Picture ${this.reading.prepare_ms.toFixed(1)} ms, ${each}${all}.`;
    },
  },
  watch: {
    reading: "paint",
    dark: "paint",
  },
  mounted() {
    this.paint();
  },
  methods: {
    percent,
    paint() {
      const { seen } = this.$refs;
      if (!seen) return;
      const context = seen.getContext("2d");
      const image = context.createImageData(SIDE, SIDE);
      const picture = (this.reading && this.reading.picture) || new Array(SIDE * SIDE).fill(0);
      picture.forEach((value, i) => {
        image.data.fill(value, 4 * i, 4 * i + 3);
        image.data[4 * i + 3] = 255;
      });
      context.putImageData(image, 0, 0);
    },
  },
};

/** The lines of a drawing, as text. */
export const Lines = {
  template: `
  <section class="nn-card dg-lines" aria-label="Lines">
    <h2>Lines</h2>
    <p v-if="!reading || !reading.lines.length" class="nn-sentence">
      {{ reading ? "No digits are found." : "Write numbers on the pad." }}</p>
    <ol v-else><li v-for="line in reading.lines">{{ line }}</li></ol>
    <table v-if="reading && reading.digits.length" class="nn-hidden">
      <caption>Digits with their probabilities</caption>
      <thead><tr><th scope="col">digit</th><th scope="col">percent</th></tr></thead>
      <tbody><tr v-for="one in reading.digits"><td>{{ one.digit }}</td><td>{{ percent(one.score) }}</td></tr></tbody>
    </table>
    <p v-if="reading" class="nn-sentence">The digit reader, with cnn: {{ reading.time_ms.toFixed(0) }} ms.</p>
  </section>`,
  props: { reading: Object },
  methods: { percent },
};

/** Write a probability for people: 100 % only if it is. */
export function percent(score) {
  const rounded = score < 1 ? Math.min(100 * score, 99.9) : 100;
  return `${rounded.toFixed(1)} %`;
}

/** Say a reading in a sentence, for screen readers. */
export function spoken(reading) {
  if (reading.lines) {
    if (!reading.lines.length) return reading.message;
    const several = reading.lines.length > 1;
    return `${reading.lines.length} line${several ? "s" : ""}: ${reading.lines.join("; ")}`;
  }
  if (!reading.networks.length) return reading.message;
  return reading.networks
    .map((one) => `${one.name}: ${one.best}, ${percent(Math.max(...one.scores))}`)
    .join("; ");
}
