import { percent, shown } from "nn-layers-view/numbers.js";

const STATES = {
  starting: "It starts.",
  running: "It trains; the layers change with it.",
  paused: "It is paused.",
  finished: "All epochs are done.",
  failed: "It has failed.",
  ended: "Its process has ended.",
};

/** How the run goes that is looked into, and buttons that steer it. */
export const RunPanel = {
  template: `
  <section class="nn-card ly-run" aria-label="Training">
    <h2>Training</h2>
    <p class="nn-sentence" role="status">{{ state }} {{ status.message }}</p>
    <dl class="ly-metrics">
      <dt>Batch</dt><dd data-batch>{{ status.step.toLocaleString("en") }}</dd>
      <dt>Epoch</dt><dd>{{ status.epoch }} of {{ status.epochs }}</dd>
      <dt>Loss</dt><dd data-loss>{{ status.loss === null ? "–" : shown(status.loss) }}</dd>
      <dt>Accuracy</dt><dd data-accuracy>{{ status.accuracy === null ? "–" : percent(status.accuracy) }}</dd>
      <dt>Validation</dt><dd>{{ status.validation_accuracy === null ? "–" : percent(status.validation_accuracy) }}</dd>
      <dt>Speed</dt><dd>{{ Math.round(status.examples_per_s || 0).toLocaleString("en") }} examples/s</dd>
    </dl>
    <div class="ly-row">
      <button type="button" :disabled="status.state !== 'paused'" @click="$emit('command', 'resume')">Start</button>
      <button type="button" :disabled="status.state !== 'running'" @click="$emit('command', 'pause')">Stop</button>
      <button type="button" :disabled="status.state !== 'paused'" @click="$emit('command', 'step')">One step</button>
      <button type="button" :disabled="!alive" @click="$emit('command', 'reset')">Reset</button>
    </div>
  </section>`,
  props: { status: Object },
  emits: ["command"],
  computed: {
    state() {
      return STATES[this.status.state] || "";
    },
    alive() {
      return ["running", "paused", "finished", "failed"].includes(this.status.state);
    },
  },
  methods: { percent, shown },
};
