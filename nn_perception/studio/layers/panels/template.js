/** The elements of the view. */

export const TEMPLATE = `
<div class="ly-view">
  <div class="ly-side">
    <section class="nn-card" aria-label="Network">
      <q-select outlined dense options-dense emit-value map-options label="Network" :options="choices"
        :model-value="network" @update:model-value="chooseNetwork"/>
      <p class="nn-sentence ly-facts">{{ facts }}</p>
      <button v-if="!isRun" type="button" :disabled="starting" @click="$emit('start')">
        {{ starting ? "Training starts …" : "Train a new LeNet-5" }}</button>
    </section>
    <run-panel v-if="status" :status="status" @command="(run) => socket.send({ run })"></run-panel>
    <input-panel ref="input" :strokes="strokes" :examples="examples" :cameras="cameras" :reads="reads"
      :is-run="isRun" @look="look" @kept="keepInput"></input-panel>
  </div>
  <div class="ly-main">
    <section class="nn-card ly-stage" aria-label="Layers in three dimensions">
      <div class="ly-row ly-tools">
        <button type="button" @click="scene.openAll()">Open all</button>
        <button type="button" @click="scene.closeAll()">Close all</button>
        <button type="button" @click="scene.resetCamera()">Reset camera</button>
        <span class="ly-rate nn-soft" data-rate>{{ rate }}</span>
      </div>
      <div ref="scene" class="ly-scene"></div>
      <p class="ly-hover" data-hover>{{ hoverWords }}</p>
      <p class="nn-sentence ly-sentence" role="status">{{ sentence }}</p>
    </section>
    <arithmetic-panel ref="arithmetic" :arithmetic="arithmetic" :layer="layerOf(arithmetic && arithmetic.layer)"
      :score="arithmetic && layerOf(arithmetic.layer) ? scoreOf(layerOf(arithmetic.layer), arithmetic.element) : ''"
      :problem="arithmeticProblem"></arithmetic-panel>
  </div>
  <div class="ly-side ly-right">
    <scores :labels="labels" :scores="scores" :time="time" :empty="emptyWords"></scores>
    <seen-picture ref="seen" :attention="attention" :best="labels[0] || ''" @attention="setAttention">
    </seen-picture>
  </div>
  <div class="ly-below">
    <layer-table :layers="layers" :open="opening" :figures="figures" @toggle="toggle" @near="(name) => scene.focus(name)"
      @values="showValues"></layer-table>
    <values-table ref="values" :layer="layerOf(valuesLayer)" :maps="valuesMaps" :map="map" @element="explainFromTable"
      @map="(one) => (map = one)"></values-table>
  </div>
  <p class="nn-hidden" aria-live="polite" data-said>{{ said }}</p>
</div>`;
