/** The elements of the pad. */

export const TEMPLATE = `
<div class="dg-view">
  <section class="nn-card dg-pad" aria-label="Pad">
    <div class="dg-row">
      <div class="dg-modes" role="group" aria-label="What is read">
        <button type="button" :aria-pressed="mode === 'digit' ? 'true' : 'false'" @click="setMode('digit')">One digit</button>
        <button type="button" :aria-pressed="mode === 'lines' ? 'true' : 'false'" @click="setMode('lines')">Whole line</button>
      </div>
      <label class="dg-check"><input type="checkbox" v-model="eager"> Read after each stroke</label>
    </div>
    <div ref="frame" class="dg-frame" :class="{ 'dg-over': over }" @dragover.prevent="over = true"
        @dragleave="over = false" @drop.prevent="drop">
      <canvas ref="canvas" class="dg-canvas" tabindex="0" role="application"
        aria-label="Drawing pad" aria-describedby="dg-help"
        @keydown="keyDown" @keyup="keyUp" @blur="keys.hide()"></canvas>
      <svg class="dg-boxes" :viewBox="viewBox" aria-hidden="true">
        <g v-for="one in boxes">
          <rect :x="one.bbox[0] - 4" :y="one.bbox[1] - 4" :width="one.bbox[2] + 8" :height="one.bbox[3] + 8" rx="4"></rect>
          <text :x="one.bbox[0] - 3" :y="Math.max(one.bbox[1] - 9, 16)">{{ one.digit }} {{ percent(one.score) }}</text>
        </g>
      </svg>
      <div v-if="isEmpty" class="dg-hint" aria-hidden="true">{{ mode === "digit" ? "Draw a digit" : "Write numbers" }}</div>
    </div>
    <div class="dg-row dg-buttons">
      <button type="button" class="dg-main" @click="read()">Predict</button>
      <button type="button" :disabled="!canUndo" @click="undo" title="Ctrl+Z">Undo</button>
      <button type="button" :disabled="!canRedo" @click="redo" title="Ctrl+Y">Redo</button>
      <button type="button" :disabled="isEmpty" @click="clear" title="Delete">Clear</button>
    </div>
    <p class="dg-state" :class="problem ? 'nn-problem' : 'nn-sentence'" role="status">{{ problem || message }}</p>
    <p class="nn-hidden" aria-live="polite" data-said>{{ said }}</p>
  </section>
  <section class="nn-card dg-controls" aria-label="Tools">
    <div class="dg-row">
      <label class="dg-width">Pen <input type="range" min="4" max="60" step="1" v-model.number="pen"
        :aria-valuetext="pen + ' of 60'"><span class="dg-dot" aria-hidden="true"><span
        :style="{ width: pen / 2.5 + 'px', height: pen / 2.5 + 'px' }"></span></span></label>
    </div>
    <div class="dg-row dg-examples" role="group" aria-label="Examples">
      <span class="nn-soft">Examples</span>
      <template v-if="mode === 'digit'">
        <button v-for="(strokes, digit) in examples" :key="digit" type="button"
          :aria-label="'Example: ' + digit" @click="example(digit)">{{ digit }}</button>
      </template>
      <button v-else type="button" @click="exampleLines">Two lines</button>
    </div>
    <div class="dg-row">
      <button type="button" @click="$refs.file.click()">Open picture</button>
      <button type="button" :disabled="isEmpty" @click="save">Save drawing</button>
      <input ref="file" hidden type="file" accept="image/*" aria-label="Picture of digits" @change="chosen">
    </div>
    <p id="dg-help" class="nn-sentence">Draw with the mouse, a finger or a pen, or drop or paste a picture.
      By keyboard: arrows move the cursor (with Shift: far), the space bar holds the pen down, Enter reads,
      Delete clears, Ctrl+Z undoes.</p>
  </section>
  <results v-if="mode === 'digit'" :reading="reading" :networks="networks" :latency="latency" :dark="dark"
    :class="{ 'dg-stale': stale && reading }"></results>
  <lines v-else :reading="lines" :class="{ 'dg-stale': stale && lines }"></lines>
</div>`;
