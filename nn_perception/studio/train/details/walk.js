/** A walk-through: steps beside the view, which point to what they speak of. */

const KEY = "nn-train-walk";
const TRIES = 30;
const RETRY_MS = 100;
const FOCUSABLE = "input, textarea, button, canvas, select, [tabindex='0']";

export default {
  template: `
  <div class="nn-walk">
    <button v-if="!open" type="button" class="nn-button nn-walk-open" @click="start" ref="opener">
      <i class="q-icon material-icons" aria-hidden="true">explore</i> Walk-through</button>
    <aside v-else class="nn-card" aria-label="Walk-through" @keydown="key">
      <div class="nn-row"><p class="nn-soft nn-grow">Step {{ at + 1 }} of {{ steps.length }}</p>
        <button type="button" class="nn-button" aria-label="Close the walk-through" @click="close">
          <i class="q-icon material-icons" aria-hidden="true">close</i></button></div>
      <div aria-live="polite"><h2 ref="title" tabindex="-1">{{ step.title }}</h2>
        <p v-for="one in step.sentences" :key="one">{{ one }}</p></div>
      <p class="nn-sentence" role="status">{{ said }}</p>
      <div class="nn-row">
        <button type="button" class="nn-button" :disabled="at === 0" @click="go(-1)">Previous</button>
        <button type="button" class="nn-button" :disabled="at === steps.length - 1" @click="go(1)">Next</button>
        <button type="button" class="nn-button" @click="point(true)">Show me</button></div>
      <p class="nn-sentence">Keys: left and right arrow, Escape closes.</p>
    </aside>
  </div>`,
  props: { steps: Array },
  data() {
    return { open: false, at: 0, said: "" };
  },
  computed: {
    step() {
      return this.steps[this.at];
    },
  },
  mounted() {
    const kept = Number(sessionStorage.getItem(KEY));
    if (Number.isInteger(kept) && kept > 0 && kept < this.steps.length) this.at = kept;
  },
  beforeUnmount() {
    this.closed = true;
    this.unmark();
  },
  methods: {
    start() {
      this.open = true;
      this.$nextTick(() => this.$refs.title.focus());
    },
    close() {
      this.open = false;
      this.unmark();
      this.$nextTick(() => this.$refs.opener.focus());
    },
    go(way) {
      this.at = Math.min(Math.max(this.at + way, 0), this.steps.length - 1);
      sessionStorage.setItem(KEY, String(this.at));
      // A button that is disabled loses the keyboard.
      this.$refs.title.focus({ preventScroll: true });
      this.point(false);
    },
    key(event) {
      const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (event.key === "Escape") this.close();
      else if (way) this.go(way);
      else return;
      event.preventDefault();
    },
    /** Scroll to what the step speaks of. @param {boolean} focus whether the keyboard goes there */
    async point(focus) {
      const { step } = this;
      this.said = "";
      this.unmark();
      if (step.place.tab) this.openTab(step.place.tab);
      for (let left = TRIES; left > 0 && !this.closed && step === this.step; left -= 1) {
        const found = this.find(step.place);
        if (found) {
          this.show(found, focus);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
      if (step === this.step) this.said = "Press Start first: this appears as soon as a run is selected.";
    },
    /** The keyboard stays where it is: a tab takes it when it is clicked. */
    openTab(name) {
      const active = document.activeElement;
      document.querySelector(`[data-tab="${name}"]`)?.click();
      active?.focus({ preventScroll: true });
    },
    unmark() {
      document.querySelector(".nn-walk-target")?.classList.remove("nn-walk-target");
    },
    find({ selector, text }) {
      return [...document.querySelectorAll(selector)].find(
        (one) => one.textContent.includes(text) && one.getClientRects().length > 0,
      );
    },
    show(element, focus) {
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      element.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
      element.classList.add("nn-walk-target");
      const target = element.matches(FOCUSABLE) ? element : element.querySelector(FOCUSABLE);
      if (focus && target) target.focus({ preventScroll: true });
    },
  },
};
