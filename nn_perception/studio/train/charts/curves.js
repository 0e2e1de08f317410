import { echarts } from "nicegui-echart";
import { cut, Lines, smoothed } from "nn-train/lines.js";

const TABLE_ROWS = 40;
const GAP = { left: 46, right: 12, top: 12, bottom: 38 };

/**
 * Lines over time, with a table of the same numbers.
 *
 * `feed` brings the points that are new; the page asks for nothing while it is hidden.
 */
export default {
  template: `
  <figure class="nn-curves">
    <figcaption>{{ title }}<span v-if="hint" class="nn-soft"> {{ hint }}</span></figcaption>
    <div ref="chart" class="nn-curves-chart" role="img" :aria-label="label"></div>
    <details @toggle="toggle">
      <summary>As a table</summary>
      <div v-if="open" class="nn-scroll" tabindex="0" :aria-label="title + ', table'">
        <table class="nn-table">
          <thead><tr><th scope="col">run</th><th scope="col">{{ xName }}</th>
            <th scope="col">{{ yName }}</th></tr></thead>
          <tbody><tr v-for="row in rows" :key="row.key">
            <th scope="row">{{ row.name }}</th><td>{{ row.x }}</td><td>{{ row.y }}</td></tr></tbody>
        </table>
      </div>
    </details>
  </figure>`,
  props: {
    title: String,
    hint: String,
    xName: String,
    yName: String,
    percent: Boolean,
    smooth: Boolean,
    log: Boolean,
  },
  data() {
    return { open: false, rows: [], points: 0 };
  },
  computed: {
    label() {
      return `${this.title}: ${this.points} points; a table follows`;
    },
  },
  watch: {
    smooth: "plan",
    log: "plan",
    xName: "plan",
  },
  mounted() {
    // Not in data(): Vue need not watch every number.
    this.lines = new Lines();
    this.chart = echarts.init(this.$refs.chart, null, { renderer: "canvas" });
    this.observer = new ResizeObserver(() => this.chart.resize());
    this.observer.observe(this.$refs.chart);
    this.colours = new MutationObserver(() => this.plan());
    this.colours.observe(document.body, { attributeFilter: ["class"] });
    this.plan();
    this.$emit("ready");
  },
  beforeUnmount() {
    cancelAnimationFrame(this.planned);
    this.observer.disconnect();
    this.colours.disconnect();
    this.chart.dispose();
  },
  methods: {
    /** @param {import("nn-train/lines.js").Part[]} parts in the order in which they are drawn */
    feed(parts) {
      this.lines.feed(parts);
      this.plan();
    },
    /** Begin the graph anew here. */
    clear() {
      this.lines.clear();
      this.plan();
    },
    /** Show everything again. */
    restore() {
      this.lines.restore();
      this.plan();
    },
    toggle({ target }) {
      this.open = target.open;
      this.plan();
    },
    plan() {
      if (!this.planned) this.planned = requestAnimationFrame(this.draw);
    },
    draw() {
      this.planned = 0;
      const lines = [...this.lines.shown()];
      this.points = lines.reduce((sum, line) => sum + line.points.length, 0);
      if (this.open) this.rows = lines.flatMap((line) => this.rowsOf(line));
      this.chart.setOption(this.options(lines), { replaceMerge: ["series"] });
    },
    rowsOf({ id, name, points }) {
      return cut(points, TABLE_ROWS).map(([x, y], at) => ({
        key: `${id} ${at}`,
        name,
        x: x.toLocaleString("en"),
        y: this.words(y),
      }));
    },
    words(y) {
      if (y === null) return "not a number";
      return this.percent ? `${(100 * y).toFixed(1)} %` : y.toPrecision(4);
    },
    options(lines) {
      const style = getComputedStyle(document.body);
      const [text, line, ground] = ["--nn-soft", "--nn-line", "--nn-surface"].map((name) =>
        style.getPropertyValue(name).trim(),
      );
      const axis = {
        nameTextStyle: { color: text },
        axisLabel: { color: text, hideOverlap: true },
        axisLine: { lineStyle: { color: line } },
        splitLine: { lineStyle: { color: line } },
      };
      const y = this.log
        ? { type: "log" }
        : { type: "value", min: this.percent ? null : 0, max: this.percent ? 1 : null };
      if (this.percent) axis.scale = true;
      return {
        animation: false,
        grid: GAP,
        title: {
          show: this.points === 0,
          text: "No points yet",
          left: "center",
          top: "middle",
          textStyle: { color: text, fontSize: 13, fontWeight: "normal" },
        },
        tooltip: {
          trigger: "axis",
          renderMode: "richText",
          confine: true,
          backgroundColor: ground,
          borderColor: line,
          textStyle: { color: text, fontSize: 12 },
          valueFormatter: (value) => this.words(value ?? null),
        },
        xAxis: {
          type: "value",
          name: this.xName,
          nameLocation: "middle",
          nameGap: 22,
          min: this.lines.cleared ? "dataMin" : 0,
          minInterval: 1,
          ...axis,
          splitLine: { show: false },
        },
        yAxis: {
          ...y,
          ...axis,
          axisLabel: {
            ...axis.axisLabel,
            formatter: (value) => (this.percent ? `${Math.round(100 * value)} %` : `${value}`),
          },
        },
        series: lines.flatMap((one) => this.seriesOf(one)),
      };
    },
    seriesOf({ id, name, color, dashed, points }) {
      const shown = this.log ? points.map(([x, y]) => [x, y > 0 ? y : null]) : points;
      const lines = this.smooth && !dashed ? [shown, smoothed(shown)] : [shown];
      return lines.map((data, at) => ({
        id: `${id} ${at}`,
        name,
        type: "line",
        data,
        sampling: "lttb",
        showSymbol: points.length < 30,
        symbolSize: 4,
        silent: at < lines.length - 1,
        tooltip: { show: at === lines.length - 1 },
        itemStyle: { color },
        lineStyle: {
          color,
          width: at < lines.length - 1 ? 1 : 2,
          opacity: at < lines.length - 1 ? 0.25 : 1,
          type: dashed ? "dashed" : "solid",
        },
      }));
    },
  },
};
