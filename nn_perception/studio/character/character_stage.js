/**
 * The stage with its controls: people of a source as drawn figures.
 *
 * Whoever feeds it calls, on the property `stage` of its canvas:
 * `stage.setImage(bitmapOrVideoOrCanvas, width, height)` and
 * `stage.setPeople([{id, score, keypoints: [[x, y, score] * 17]}], time_ms)`.
 */

import {listWebcams} from 'nn-viewer/browser_camera.js';
import {Feed} from 'nn-character/feed.js';
import {Stage, DEFAULTS} from 'nn-character/stage.js';
import {Playback} from 'nn-character/playback.js';
import {MAX_FILE_BYTES, MAX_SECONDS, downloads, readKeypoints} from 'nn-character/recording.js';
import {paintThumbnail} from 'nn-character/thumbnail.js';

const FIGURES = '/character/figures';
const FIGURE = '/character/figure';
const MAX_SVG_BYTES = 1000000;
const MAX_OWN = 12;
const TOGGLES = [
  ['figures', 'Figures'], ['picture', 'Picture'], ['dimmed', 'Dim picture'],
  ['mirrored', 'Mirror'], ['keypoints', 'Keypoints'], ['skeleton', 'Skeleton'], ['curves', 'Curves'],
];

export default {
  template: `
    <div class="ch-view">
      <section class="nn-card ch-stage" :class="{'ch-over': over}" aria-label="Stage"
          @dragover.prevent="over = true" @dragleave="over = false" @drop.prevent="drop">
        <canvas ref="canvas" role="img" :aria-label="description"></canvas>
        <div v-if="!source" class="ch-hint nn-soft">
          <div>Choose a source, or drop a picture, a video, a drawing (SVG) or saved keypoints here.</div>
        </div>
        <div v-if="turns > 1" class="ch-turn">
          <q-btn round dense color="primary" icon="chevron_left" aria-label="Previous picture" @click="turn(-1)"/>
          <q-btn round dense color="primary" icon="chevron_right" aria-label="Next picture" @click="turn(1)"/>
        </div>
        <div v-if="recording" class="ch-recording">Recording {{ clock }}</div>
        <div class="ch-status">
          <span role="status" aria-live="polite">{{ description }}</span>
          <span v-if="sentence" role="status">{{ sentence }}</span>
          <span v-if="problem" class="nn-problem" role="alert">{{ problem }}</span>
        </div>
      </section>
      <div class="ch-controls">
        <section class="nn-card"><h2>Source</h2>
          <q-select outlined dense options-dense emit-value map-options label="Camera or file" :options="sources"
              :model-value="source" @update:model-value="openSource"/>
          <div class="ch-row q-mt-sm">
            <q-btn outline no-caps size="sm" icon="image" label="Picture or video" @click="$refs.files.click()"/>
            <input ref="files" hidden multiple type="file" accept="image/*,video/*" aria-label="Pictures or a video"
              @change="chosen"/>
          </div>
        </section>
        <section class="nn-card"><h2>Figure</h2>
          <div class="ch-choices" role="radiogroup" aria-label="Figure" @keydown="walk">
            <button v-for="item in choices" :key="item.name" class="ch-choice" type="button" role="radio"
                :aria-checked="item.name === choice ? 'true' : 'false'"
                :tabindex="item.name === choice ? 0 : -1" @click="choose(item.name)">
              <canvas :ref="(canvas) => thumbnail(canvas, item)" width="128" height="144" aria-hidden="true"></canvas>
              <span>{{ item.title }}</span>
            </button>
          </div>
          <div class="ch-row q-mt-sm">
            <q-btn outline no-caps size="sm" icon="upload_file" label="Your own drawing (SVG)" @click="$refs.svg.click()"/>
            <input ref="svg" hidden type="file" accept=".svg,image/svg+xml" aria-label="Drawing of a figure" @change="chosen"/>
          </div>
        </section>
        <section class="nn-card"><h2>View</h2>
          <div class="ch-toggles">
            <q-toggle v-for="[name, label] in toggles" :key="name" dense class="q-my-xs" :label="label"
                :model-value="options[name]" @update:model-value="(value) => set(name, value)"/>
          </div>
          <label class="q-mt-sm block" for="ch-smoothness">Smoothness {{ Math.round(100 * options.smoothness) }} %</label>
          <input id="ch-smoothness" class="full-width" type="range" min="0" max="1" step="0.05"
              :value="options.smoothness" @input="set('smoothness', Number($event.target.value))"/>
        </section>
        <section class="nn-card"><h2>Record</h2>
          <div class="ch-row">
            <q-btn unelevated no-caps color="primary" :icon="recording ? 'stop' : 'fiber_manual_record'"
                :label="recording ? 'Stop' : 'Record'" :disable="!started" @click="record"/>
            <q-btn v-for="file in saved" :key="file.name" outline no-caps icon="download" :label="file.label"
                type="a" :href="file.url" :download="file.name"/>
            <q-btn outline no-caps icon="play_arrow" label="Play keypoints" @click="$refs.keypoints.click()"/>
            <input ref="keypoints" hidden type="file" accept=".json,application/json" aria-label="Saved keypoints" @change="chosen"/>
          </div>
        </section>
      </div>
    </div>`,
  props: {cameras: Array},
  data() {
    return {
      source: '', file: '', webcams: [], sentence: '', turns: 0,
      choices: [{name: 'all', title: 'Each their own'}], choice: 'all', toggles: TOGGLES,
      options: {...DEFAULTS}, started: false, over: false, problem: '', count: 0,
      recording: false, seconds: 0, saved: [],
    };
  },
  computed: {
    description() {
      if (!this.started) return this.source ? 'Waiting for a picture.' : 'Nothing is on the stage.';
      if (!this.count) return 'Nobody is in view.';
      return this.count === 1 ? 'One person is in view.' : `${this.count} people are in view.`;
    },
    sources() {
      const named = this.webcams.filter(({id}) => id).map(({id, label}) => ({value: `webcam:${id}`, label}));
      return [
        ...(this.cameras || []).map(({id, title}) => ({value: `camera:${id}`, label: title})),
        {value: 'webcam:', label: 'Webcam of this browser'}, ...named,
        ...(this.file ? [{value: 'file', label: this.file}] : []),
      ];
    },
    clock() {
      return `${Math.floor(this.seconds / 60)}:${String(this.seconds % 60).padStart(2, '0')}`;
    },
  },
  created() {
    // Not data: Vue must not watch what changes thirty times a second.
    this.models = new Map();
    this.playback = null;
    this.timer = null;
  },
  async mounted() {
    this.stage = new Stage(this.$refs.canvas);
    this.$refs.canvas.stage = this.stage;
    this.themes = new MutationObserver(() => this.stage.invalidate());
    this.themes.observe(document.body, {attributes: true, attributeFilter: ['class']});
    this.feed = new Feed(this.stage, (sentence) => { this.sentence = sentence; });
    const setPeople = this.stage.setPeople.bind(this.stage);
    this.stage.setPeople = (people, time) => {
      setPeople(people, time);
      this.started = true;
      this.stage.idle = false;
      this.count = people.length;
    };
    try {
      const models = await (await fetch(FIGURES)).json();
      for (const model of models) this.addChoice(model);
      this.stage.setFigures(models);
    } catch {
      this.problem = 'The figures cannot be loaded; reload the page.';
    }
  },
  unmounted() {
    this.stop();
    this.feed.close();
    this.themes.disconnect();
    this.forgetSaved();
    this.stage.dispose();
  },
  methods: {
    addChoice(model) {
      this.models.set(model.name, model);
      const item = {name: model.name, title: model.title};
      const place = this.choices.findIndex(({name}) => name === item.name);
      this.choices.splice(place < 0 ? this.choices.length : place, 1, item);
    },
    thumbnail(canvas, {name}) {
      if (!canvas || canvas.dataset.drawn === name) return;
      const model = this.models.get(name) || [...this.models.values()][0];
      if (!model) return;
      canvas.dataset.drawn = name;
      if (name !== 'all') {
        paintThumbnail(canvas, model);
        return;
      }
      const context = canvas.getContext('2d');
      [...this.models.values()].slice(0, 4).forEach((each, index) => {
        const small = Object.assign(document.createElement('canvas'), {width: 64, height: 72});
        paintThumbnail(small, each);
        context.drawImage(small, 64 * (index % 2), 72 * Math.floor(index / 2));
      });
    },
    choose(name) {
      this.choice = name;
      this.stage.choose(name);
    },
    walk(event) {
      const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key];
      if (!step) return;
      event.preventDefault();
      const at = this.choices.findIndex(({name}) => name === this.choice);
      const next = (at + step + this.choices.length) % this.choices.length;
      this.choose(this.choices[next].name);
      event.currentTarget.children[next].focus();
    },
    set(name, value) {
      this.options[name] = value;
      this.stage.setOptions({[name]: value});
    },
    /** Opens a camera; webcams are mirrored, as everybody expects of a mirror. */
    async openSource(source) {
      if (source === 'file') return;
      this.begin(source);
      const id = source.slice(source.indexOf(':') + 1);
      const isWebcam = source.startsWith('webcam:');
      this.set('mirrored', isWebcam);
      if (!isWebcam) this.feed.openCamera(id);
      else {
        await this.feed.openWebcam(id);
        this.webcams = await listWebcams();
      }
    },
    /** Ends what was shown. */
    begin(source) {
      this.stop();
      this.feed.stop();
      this.source = source;
      [this.turns, this.count, this.problem, this.sentence] = [0, 0, '', ''];
      this.started = false;
    },
    async turn(step) {
      await this.feed.turn(step);
    },
    chosen(event) {
      const files = [...event.target.files];
      event.target.value = '';
      this.open(files);
    },
    drop(event) {
      this.over = false;
      this.open([...event.dataTransfer.files]);
    },
    async open(files) {
      if (!files.length) return;
      const [file] = files;
      this.problem = '';
      const isDrawing = /\.svg$/i.test(file.name) || file.type === 'image/svg+xml';
      if (!isDrawing && files.some(({type}) => /^(image|video)\//.test(type))) {
        this.file = file.name.slice(0, 60);
        this.begin('file');
        this.set('mirrored', false);
        this.feed.openFiles(files);
        this.turns = this.feed.place.count;
        return;
      }
      try {
        if (isDrawing) await this.openFigure(file);
        else if (/\.json$/i.test(file.name)) await this.openKeypoints(file);
        else throw new Error(`${file.name} is no picture, video, drawing (SVG) or saved keypoints (JSON).`);
      } catch (error) {
        this.problem = error.message;
      }
    },
    async openFigure(file) {
      if (file.size > MAX_SVG_BYTES) throw new Error('The drawing is larger than 1 MB.');
      if (this.models.size >= MAX_OWN + 4) throw new Error('There are enough drawings; reload the page to start anew.');
      let response;
      try {
        response = await fetch(FIGURE, {method: 'POST', body: file, headers: {'Content-Type': 'image/svg+xml'}});
      } catch {
        throw new Error('The drawing cannot be sent to the server.');
      }
      const answer = await response.json().catch(() => ({error: 'The drawing is not accepted.'}));
      if (!response.ok || answer.error) throw new Error(answer.error || 'The drawing is not accepted.');
      const title = file.name.replace(/\.svg$/i, '').slice(0, 30);
      const model = {...answer, name: `own:${title}`, title};
      this.stage.addFigure(model);
      this.addChoice(model);
      this.choice = model.name;
    },
    async openKeypoints(file) {
      if (file.size > MAX_FILE_BYTES) throw new Error('The file of keypoints is larger than 200 MB.');
      const recording = readKeypoints(await file.text());
      this.file = file.name.slice(0, 60);
      this.begin('file');
      this.set('mirrored', false);
      this.stage.clear();
      this.playback = new Playback(recording, this.stage, () => { this.playback = null; });
    },
    stop() {
      this.playback?.stop();
      this.playback = null;
    },
    async record() {
      if (this.recording) {
        clearInterval(this.timer);
        this.recording = false;
        this.saved = downloads(await this.stage.stopRecording());
        return;
      }
      this.forgetSaved();
      this.problem = this.stage.startRecording();
      this.recording = true;
      this.seconds = 0;
      this.timer = setInterval(() => {
        this.seconds += 1;
        if (this.seconds >= MAX_SECONDS) this.record();
      }, 1000);
    },
    forgetSaved() {
      clearInterval(this.timer);
      for (const {url} of this.saved) URL.revokeObjectURL(url);
      this.saved = [];
    },
  },
};
