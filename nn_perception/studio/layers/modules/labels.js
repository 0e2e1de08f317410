/** Titles, outputs and the tooltip: HTML over the picture, so that text is sharp. */

/** How far titles that would cover each other step aside, in pixels, in turn. */
const STEPS = [0, 34, 68, 102];
/** The title of a stage stands above those of its layers. */
const STAGE_STEPS = [40, 74, 108];
/** Vectors with more values than this have no label at each. */
export const MOST_OUTPUTS = 24;
const ROW_PX = 11;
const CROWD = 24;
const NARROW_PX = 480;

const tag = (name, className, parent) => {
  const made = document.createElement(name);
  made.className = className;
  if (parent) parent.append(made);
  return made;
};

export const sizeText = (shape) => shape.join(" x ");

export function percent(score) {
  const value = 100 * score;
  return `${value >= 99.95 || value < 0.05 ? Math.round(value) : value.toFixed(1)} %`;
}

export class Labels {
  /**
   * @param {HTMLElement} container
   * @param {{toggle: (name: string) => void, close: (name: string) => void}} events
   */
  constructor(container, events) {
    this.events = events;
    this.layer = tag("div", "nn-ls-labels", container);
    this.layer.setAttribute("aria-hidden", "true");
    this.titles = tag("div", "", this.layer);
    this.outputs = tag("div", "", this.layer);
    this.legend = tag("div", "nn-ls-legend", this.layer);
    this.legend.hidden = true;
    tag("span", "", this.legend).textContent = "negative";
    this.colours = tag("span", "nn-ls-colours", this.legend);
    tag("span", "", this.legend).textContent = "positive";
    this.tip = tag("div", "nn-ls-tip", this.layer);
    this.tip.hidden = true;
    this.labels = [];
    this.scores = [];
    this.best = [];
    this.first = null;
  }

  /** @param {import("./arrangement/network.js").Network} network @param {number} width pixels */
  setNodes({ nodes, rows, stageGroups }, width) {
    /** With many nodes or little room, titles have one line, and only those with room are shown. */
    this.crowded = nodes.length > CROWD || width < NARROW_PX;
    this.steps = STEPS.slice(0, rows > 1 ? 2 : STEPS.length);
    if (this.crowded) this.steps = [0];
    this.legend.hidden = !nodes.some((node) => node.open && !node.isPicture);
    this.titles.replaceChildren();
    this.labels = [];
    for (const stage of stageGroups) this.add({ name: stage.name, nodes: stage.nodes, isStage: true });
    for (const node of nodes) this.add({ name: node.name, nodes: [node], isStage: false });
    this.setScores(this.best);
  }

  add({ name, nodes, isStage }) {
    const [node] = nodes;
    const element = tag("div", `nn-ls-label${isStage ? " nn-ls-stage" : ""}`, this.titles);
    const { main, shown } = node.units[0];
    const last = node.units[node.units.length - 1].shown;
    const title = isStage || node.isStage ? name : main.title || main.name;
    tag("span", "nn-ls-title", element).textContent = title;
    if (isStage || node.open) {
      const close = tag("button", "nn-ls-close", element);
      close.textContent = "×";
      close.tabIndex = -1;
      close.title = `close ${title}`;
      close.addEventListener("click", (event) => {
        event.stopPropagation();
        this.events.close(name);
      });
    }
    if (!isStage) {
      const size = sizeText(node.isStage ? last.shape : shown.shape);
      if (!this.crowded) tag("span", "nn-ls-size", element).textContent = size;
      element.addEventListener("click", () => !node.open && this.events.toggle(name));
    }
    const best = tag("span", "nn-ls-best", element);
    best.hidden = true;
    // Hidden titles do not take part in the layout again; their size is read once.
    const label = { element, name, nodes, isStage, best, width: 0, height: 0, key: node.key };
    this.labels.push(label);
  }

  /** @param {{index: number, text: string, score: number}[]} best of the last node */
  setScores(best) {
    this.best = best;
    const label = this.labels[this.labels.length - 1];
    if (!label) return;
    const [node] = label.nodes;
    const count = node.grid ? node.grid.count : 0;
    const each = node.open && !node.isStage && node.grid.mapWidth === 1 && count <= MOST_OUTPUTS;
    const lines = each ? [] : best.slice(0, node.open ? 5 : 1);
    label.best.hidden = lines.length === 0;
    label.best.style.whiteSpace = "pre";
    label.best.textContent = lines.map(({ text, score }) => `${text} ${percent(score)}`).join("\n");
    label.width = 0;
    this.last = each ? node : null;
    this.showOutputs(each ? count : 0);
  }

  showOutputs(count) {
    while (this.scores.length > count) this.scores.pop().remove();
    while (this.scores.length < count) this.scores.push(tag("div", "nn-ls-score", this.outputs));
    const byIndex = new Map(this.best.map((one, rank) => [one.index, { ...one, rank }]));
    this.scores.forEach((element, index) => {
      const found = byIndex.get(index);
      element.textContent = found ? `${found.text} ${percent(found.score)}` : String(index);
      element.classList.toggle("nn-ls-first", found?.rank === 0);
      element.style.opacity = found ? 1 : 0.6;
    });
  }

  /** @param {import("./theme.js").Theme} theme */
  setTheme({ values: { negative, zero, positive } }) {
    const stops = [negative[1], negative[0], zero, ...positive].map((one) => `rgb(${one})`);
    this.colours.style.background = `linear-gradient(to right, ${stops})`;
  }

  /** What the tooltip says of an output: its label, if it is one of the best. */
  outputAt(node, index) {
    const isLast = this.labels[this.labels.length - 1]?.nodes[0] === node;
    const found = isLast && this.best.find((one) => one.index === index);
    return found ? `\n${found.text}: ${percent(found.score)}` : "";
  }

  /** @param {string} key of the node that the keyboard has reached */
  select(key) {
    this.first = key;
    for (const { element, key: own } of this.labels) {
      element.classList.toggle("nn-ls-selected", own === key);
    }
  }

  /** Put everything where it belongs. @param {import("./viewpoint.js").Viewpoint} view */
  place(view) {
    for (const label of this.labels) {
      if (!label.width) this.measure(label);
    }
    const taken = [];
    const order = this.labels.map((label) => ({ label, at: this.anchor(view, label) }));
    order.sort((a, b) => this.rank(b.label) - this.rank(a.label));
    for (const { label, at } of order) this.placeLabel(view, label, at, taken);
    if (this.last) this.placeOutputs(view, this.last);
  }

  measure(label) {
    label.element.style.display = "";
    label.width = label.element.offsetWidth;
    label.height = label.element.offsetHeight;
  }

  rank({ key, isStage, nodes }) {
    return (key === this.first ? 4 : 0) + (isStage ? 2 : 0) + (nodes[0].open ? 1 : 0);
  }

  anchor(view, { nodes }) {
    const top = Math.max(...nodes.map(({ place }) => place.top)) + 0.15;
    const x = (nodes[0].place.x + nodes[nodes.length - 1].place.x) / 2;
    const at = view.project(x, top, 0);
    const half = Math.max(...nodes.map(({ open, grid }) => (open ? grid.width / 2 : 0)));
    if (this.crowded || !half) return at;
    // Seen from the side, the far upper corner is the highest.
    return { ...at, y: Math.min(at.y, ...[-half, half].map((z) => view.project(x, top, z).y)) };
  }

  placeLabel(view, label, at, taken) {
    const left = Math.max(2, Math.min(at.x - label.width / 2, view.width - label.width - 2));
    const inside = at.z < 1 && at.x > -20 && at.x < view.width + 20 && at.y < view.height + 40;
    const box = (step) => ({
      left, right: left + label.width, top: at.y - label.height - step, bottom: at.y - step,
    });
    const steps = label.isStage && !this.crowded ? STAGE_STEPS : this.steps;
    const isFree = (step) => !taken.some((other) => meet(box(step), other));
    const free = inside ? steps.find(isFree) : undefined;
    const { style } = label.element;
    if (free === undefined || box(free).bottom < 0) {
      if (!label.hidden) style.visibility = "hidden";
      label.hidden = true;
      return;
    }
    taken.push(box(free));
    if (label.hidden !== false) style.visibility = "";
    label.hidden = false;
    style.transform = `translate(${left.toFixed(1)}px, ${box(free).top.toFixed(1)}px)`;
    const leader = label.isStage ? 0 : free;
    if (label.leader !== leader) style.setProperty("--leader", `${leader}px`);
    label.leader = leader;
  }

  placeOutputs(view, { place, grid }) {
    const edges = [-1, 1].map((side) => view.project(place.x, place.y, (side * grid.width) / 2));
    const side = edges[1].x > edges[0].x ? 1 : -1;
    const z = side * (grid.width / 2 + 0.12);
    const [a, b] = [0, 1].map((row) => view.project(place.x, row * grid.pitchV, z).y);
    const roomy = Math.abs(a - b) >= ROW_PX;
    const shown = new Set(this.best.slice(0, roomy ? MOST_OUTPUTS : 1).map(({ index }) => index));
    this.scores.forEach((element, index) => {
      const v = grid.height / 2 - (index + 0.5) * grid.pitchV + 0.5 * (grid.pitchV - grid.cellHeight);
      const at = view.project(place.x, place.y + v, z);
      element.hidden = place.open < 1 || !(roomy || shown.has(index));
      element.style.transform = `translate(${at.x.toFixed(1)}px, ${at.y.toFixed(1)}px) translateY(-50%)`;
    });
  }

  /** @param {string} title @param {string} text @param {number} x @param {number} y pixels */
  showTip(title, text, x, y) {
    this.tip.replaceChildren();
    tag("b", "", this.tip).textContent = title;
    this.tip.append(text);
    this.tip.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.tip;
    const { clientWidth, clientHeight } = this.layer;
    const left = x + 16 + width > clientWidth ? x - 16 - width : x + 16;
    const top = Math.min(y + 14, clientHeight - height - 4);
    this.tip.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
  }

  hideTip() {
    this.tip.hidden = true;
  }

  dispose() {
    this.layer.remove();
  }
}

function meet(a, b) {
  return a.left < b.right + 3 && b.left < a.right + 3 && a.top < b.bottom && b.top < a.bottom;
}
