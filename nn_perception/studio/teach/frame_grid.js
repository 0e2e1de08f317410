const PAGE = 100;
const CELL = 104;
const MARGIN_ROWS = 2;
const ACTIVE = "nn-active";
const OPEN = "nn-open";
const CHANGED = "nn-frames-changed";

/**
 * The frames of a class, or a list of frames: only what is visible is in the document.
 *
 * Arrow keys move, space selects, Delete deletes what is selected.
 */
export default {
  template: `
  <div class="nn-frames">
    <p class="nn-sentence" role="status">{{ total }} {{ total === 1 ? kind.item : kind.items }}{{
      chosen.size ? ", " + chosen.size + " selected" : "" }}</p>
    <div class="nn-frames-tools">
      <button type="button" class="nn-button" :disabled="!total" @click="chooseAll">
        Select what is loaded</button>
      <button type="button" class="nn-button" :disabled="!chosen.size" @click="clear">
        Select none</button>
      <button type="button" class="nn-button nn-danger" :disabled="!chosen.size || locked"
        @click="remove">Delete {{ chosen.size || "" }}</button>
    </div>
    <div ref="list" class="nn-frames-list" role="listbox" aria-multiselectable="true" tabindex="0"
      :aria-label="kind.items" :style="{ height }"
      :aria-activedescendant="'nn-frame-' + active" @scroll="show"
      @keydown="key">
      <div class="nn-frames-space" :style="{ height: rows * cell + 'px' }">
        <div v-for="one in visible" :key="one.at" class="nn-frame" role="option"
          :id="'nn-frame-' + one.at" :aria-selected="chosen.has(one.id) ? 'true' : 'false'"
          :class="{ 'nn-chosen': chosen.has(one.id), 'nn-active': one.at === active }"
          :aria-label="one.label + ', ' + kind.item + ' ' + (one.at + 1)" :aria-setsize="total"
          :aria-posinset="one.at + 1" :style="place(one.at)" @click="click(one, $event)"
          @dblclick="open">
          <img v-if="one.id" :src="thumbnail(one)" :alt="one.label" draggable="false">
        </div>
      </div>
    </div>
  </div>`,
  props: { kind: Object, label: String, listed: Array, revision: Number, locked: Boolean },
  data() {
    return { total: 0, columns: 1, visible: [], chosen: new Set(), active: 0, cell: CELL };
  },
  computed: {
    height() {
      return `min(60vh, ${Math.max(1, this.rows) * CELL + 2}px)`;
    },
    rows() {
      return Math.ceil(this.total / this.columns);
    },
  },
  mounted() {
    this.pages = new Map();
    this.observer = new ResizeObserver(() => this.measure());
    this.observer.observe(this.$refs.list);
    this.onChanged = () => this.reload();
    window.addEventListener(CHANGED, this.onChanged);
    this.reload();
  },
  unmounted() {
    this.observer.disconnect();
    clearTimeout(this.timer);
    window.removeEventListener(CHANGED, this.onChanged);
  },
  watch: {
    label: "restart",
    listed: "restart",
    revision: "reload",
    active: "tell",
    visible: "tell",
  },
  methods: {
    restart() {
      [this.active, this.chosen] = [0, new Set()];
      this.$refs.list.scrollTop = 0;
      this.reload();
    },
    async reload() {
      this.pages.clear();
      if (this.listed) {
        this.total = this.listed.length;
        for (let at = 0; at < this.total; at += PAGE) {
          this.pages.set(at / PAGE, this.listed.slice(at, at + PAGE));
        }
      } else {
        const first = Math.floor((this.visible[0]?.at || 0) / PAGE);
        await this.load(first);
      }
      this.measure();
    },
    /** Tells others which frame is active; they may show more of it. */
    tell() {
      const frame = this.frameAt(this.active);
      if (!frame || frame.id === this.told) return;
      this.told = frame.id;
      window.dispatchEvent(new CustomEvent(ACTIVE, { detail: { ...frame } }));
    },
    measure() {
      const list = this.$refs.list;
      if (!list) return;
      this.columns = Math.max(1, Math.floor(list.clientWidth / CELL));
      this.active = Math.max(0, Math.min(this.active, this.total - 1));
      this.show();
    },
    show() {
      const list = this.$refs.list;
      const first = Math.max(0, Math.floor(list.scrollTop / CELL) - MARGIN_ROWS);
      const last = Math.ceil((list.scrollTop + list.clientHeight) / CELL) + MARGIN_ROWS;
      const visible = [];
      const missing = new Set();
      for (let at = first * this.columns; at < Math.min(this.total, last * this.columns); at++) {
        const page = this.pages.get(Math.floor(at / PAGE));
        if (!page) missing.add(Math.floor(at / PAGE));
        const frame = page?.[at % PAGE] || { id: "", hash: "", label: "" };
        visible.push({ at, ...frame });
      }
      this.visible = visible;
      clearTimeout(this.timer);
      if (missing.size) this.timer = setTimeout(() => this.loadAll(missing), 60);
    },
    async loadAll(pages) {
      await Promise.all([...pages].map((page) => this.load(page)));
      this.show();
    },
    async load(page) {
      const query = new URLSearchParams({ label: this.label, offset: page * PAGE, limit: PAGE });
      const answer = await fetch(`${this.kind.route}/frames?${query}`).catch(() => null);
      if (!answer || !answer.ok) {
        // Nothing is left of the class.
        if (answer) this.total = 0;
        return;
      }
      const found = await answer.json();
      this.total = found.total;
      this.pages.set(page, found.frames);
    },
    place(at) {
      const [row, column] = [Math.floor(at / this.columns), at % this.columns];
      return { transform: `translate(${column * CELL}px, ${row * CELL}px)` };
    },
    thumbnail(frame) {
      return `${this.kind.route}/thumbnail?${new URLSearchParams({ id: frame.id, hash: frame.hash })}`;
    },
    frameAt(at) {
      return this.pages.get(Math.floor(at / PAGE))?.[at % PAGE];
    },
    click(one, event) {
      if (event.shiftKey) this.choose(Math.min(this.active, one.at), Math.max(this.active, one.at));
      else this.toggle(one.at);
      this.active = one.at;
    },
    /** Others may show or play the active frame. */
    open() {
      window.dispatchEvent(new CustomEvent(OPEN));
    },
    toggle(at) {
      const frame = this.frameAt(at);
      if (!frame) return;
      const chosen = new Set(this.chosen);
      if (!chosen.delete(frame.id)) chosen.add(frame.id);
      this.chosen = chosen;
    },
    choose(from, to) {
      const chosen = new Set(this.chosen);
      for (let at = from; at <= to; at++) if (this.frameAt(at)) chosen.add(this.frameAt(at).id);
      this.chosen = chosen;
    },
    chooseAll() {
      this.choose(0, this.total - 1);
    },
    clear() {
      this.chosen = new Set();
    },
    remove() {
      if (!this.chosen.size || this.locked) return;
      this.$emit("remove", { ids: [...this.chosen] });
      this.clear();
    },
    key(event) {
      const steps = {
        ArrowLeft: -1,
        ArrowRight: 1,
        ArrowUp: -this.columns,
        ArrowDown: this.columns,
        PageUp: -5 * this.columns,
        PageDown: 5 * this.columns,
        Home: -this.total,
        End: this.total,
      };
      if (event.key in steps) {
        const to = Math.max(0, Math.min(this.total - 1, this.active + steps[event.key]));
        if (event.shiftKey) this.choose(Math.min(this.active, to), Math.max(this.active, to));
        this.active = to;
        this.scrollTo(to);
      } else if (event.key === " ") this.toggle(this.active);
      else if (event.key === "Enter") this.open();
      else if (event.key === "Delete" || event.key === "Backspace") {
        if (!this.chosen.size) this.toggle(this.active);
        this.remove();
      } else if (event.key === "a" && (event.ctrlKey || event.metaKey)) this.chooseAll();
      else return;
      event.preventDefault();
    },
    scrollTo(at) {
      const list = this.$refs.list;
      const top = Math.floor(at / this.columns) * CELL;
      if (top < list.scrollTop) list.scrollTop = top;
      else if (top + CELL > list.scrollTop + list.clientHeight) {
        list.scrollTop = top + CELL - list.clientHeight;
      }
      this.show();
    },
  },
};
