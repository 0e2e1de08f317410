/**
 * Which picture is shown when, and which results are drawn on it.
 *
 * @typedef {object} Picture
 * @property {string} stamp identifies it within its source
 * @property {number} stampMs time of capture, in ms
 * @property {boolean} [expected] false if no result of it will come
 * @property {boolean} [gone] whether it cannot be shown any more
 *
 * @typedef {object} Result
 * @property {string} capability
 * @property {string} stamp of its picture
 * @property {number} [stampMs] of its picture, if that has not come
 * @property {object} values the fields of `--json`
 * @property {?number} inferenceMs
 *
 * @typedef {object} Shown
 * @property {Picture} picture
 * @property {Object<string, Drawn>} results by capability
 * @property {boolean} changed whether it differs from what the previous call returned
 *
 * @typedef {Result & {own: boolean, behindMs: number, dim: number}} Drawn
 *   own: of this very picture; dim: from 0, as if it were, to 1, drawn faintly
 */

/** A picture waits at most so long for its results. */
export const PATIENCE_MS = 60;
/** Share of the pictures whose results must come in time, so that pictures wait for them. */
const PUNCTUAL_SHARE = 0.7;
/** So many of the last pictures and results are remembered. */
const REMEMBERED = 90;
const JUDGED = 12;
/** Older results are not drawn any more. */
const STALE_MS = 3000;
const DIM_STEP = 0.12;

export class FrameSync {
  /** @param {{match?: boolean}} [options] match: pictures always wait for their results */
  constructor({ match = false } = {}) {
    this.match = match;
    this.frozen = false;
    /** @type {Set<string>} */
    this.wanted = new Set();
    this.clear();
  }

  /** Forgets everything: another source. */
  clear() {
    /** @type {{picture: Picture, at: number, results: Map<string, {result: Result, at: number}>}[]} */
    this.entries = [];
    this.early = [];
    this.latest = new Map();
    this.dims = new Map();
    this.shown = null;
    this.signature = "";
  }

  /** @param {Iterable<string>} capabilities whose results are drawn */
  setWanted(capabilities) {
    this.wanted = new Set(capabilities);
    for (const one of this.latest.keys()) {
      if (!this.wanted.has(one)) this.latest.delete(one);
    }
  }

  /**
   * Takes a picture that may be shown.
   *
   * @param {Picture} picture
   * @param {number} now in ms
   * @returns {Picture[]} pictures that will not be shown any more
   */
  addPicture(picture, now) {
    const entry = { picture, at: now, results: new Map() };
    this.entries.push(entry);
    const waiting = this.early;
    this.early = [];
    for (const { result, at } of waiting) this.addResult(result, at);
    const dropped = [];
    while (this.entries.length > REMEMBERED) {
      const index = this.entries[0] === this.shown ? 1 : 0;
      dropped.push(this.entries.splice(index, 1)[0].picture);
    }
    return dropped;
  }

  /**
   * Takes a result, whose picture may come later.
   *
   * @param {Result} result
   * @param {number} now in ms
   */
  addResult(result, now) {
    const entry = this.entries.findLast((one) => one.picture.stamp === result.stamp);
    if (entry) {
      entry.results.set(result.capability, { result, at: now });
      result.stampMs = entry.picture.stampMs;
    } else {
      this.early = [...this.early, { result, at: now }].slice(-8);
    }
    const before = this.latest.get(result.capability);
    if (result.stampMs !== undefined && !(before && before.result.stampMs > result.stampMs)) {
      this.latest.set(result.capability, { result, at: now });
    }
  }

  /**
   * Chooses the picture that is shown now.
   *
   * @param {number} now in ms
   * @returns {?Shown} null while there is none
   */
  choose(now) {
    const next = this.frozen ? null : this.#next(now);
    if (next) this.shown = next;
    if (!this.shown) return null;
    const results = this.#results(this.shown, Boolean(next));
    const parts = Object.values(results).map((one) => [one.capability, one.stamp, one.own]);
    const signature = JSON.stringify([this.shown.picture.stamp, parts]);
    const changed = signature !== this.signature;
    this.signature = signature;
    return { picture: this.shown.picture, results, changed };
  }

  /** Stays with a picture and draws nothing on it but its own results; or goes on. */
  freeze(frozen) {
    this.frozen = frozen;
    if (!frozen || !this.shown) return;
    const count = (entry) => [...entry.results.keys()].filter((one) => this.wanted.has(one)).length;
    const since = this.shown.picture.stampMs - 1000;
    const recent = this.entries.filter(
      ({ picture }) => picture.stampMs >= since && !picture.gone,
    );
    for (const entry of recent) {
      if (count(entry) >= count(this.shown)) this.shown = entry;
    }
  }

  /** Whether the results of a capability come in time with most pictures. */
  isPunctual(capability, now) {
    const old = this.entries.filter(
      ({ picture, at }) => picture.expected !== false && now - at > PATIENCE_MS,
    );
    const judged = old.slice(-JUDGED);
    const inTime = judged.filter((entry) => {
      const found = entry.results.get(capability);
      return found && found.at - entry.at <= PATIENCE_MS;
    });
    return inTime.length > 0 && inTime.length >= PUNCTUAL_SHARE * judged.length;
  }

  #next(now) {
    const from = this.shown ? this.entries.indexOf(this.shown) + 1 : 0;
    const candidates = this.entries.slice(from).filter(({ picture }) => !picture.gone);
    if (!candidates.length) return null;
    if (this.match) {
      const leader = this.#leader(now);
      return candidates.findLast((entry) => !leader || entry.results.has(leader)) || null;
    }
    const awaited = [...this.wanted].filter((one) => this.isPunctual(one, now));
    const isReady = ({ picture, at, results }) =>
      picture.expected === false ||
      now - at >= PATIENCE_MS ||
      awaited.every((one) => results.has(one));
    return candidates.findLast(isReady) || null;
  }

  /** The wanted capability that finds something in the fewest pictures; '' if none does. */
  #leader(now) {
    const counts = [...this.wanted]
      .filter((one) => now - (this.latest.get(one)?.at ?? -Infinity) < STALE_MS)
      .map((one) => [this.entries.filter((entry) => entry.results.has(one)).length, one]);
    return counts.sort((one, other) => one[0] - other[0])[0]?.[1] ?? "";
  }

  #results(entry, isNew) {
    const drawn = {};
    for (const capability of this.wanted) {
      const own = entry.results.get(capability);
      const found = own || (this.frozen ? null : this.latest.get(capability));
      if (!found) continue;
      const behindMs = Math.max(0, entry.picture.stampMs - found.result.stampMs);
      if (!own && behindMs > STALE_MS) continue;
      const target = own ? 0 : 1;
      let dim = this.dims.get(capability) ?? target;
      if (this.frozen) dim = 0;
      else if (isNew) dim += DIM_STEP * (target - dim);
      this.dims.set(capability, dim);
      drawn[capability] = { ...found.result, own: Boolean(own), behindMs, dim };
    }
    return drawn;
  }
}
