/**
 * Does the way a convolution is computed change what is learned? Trains DeepConvNet on MNIST with each method alone, over several
 * seeds, and compares the test accuracies after the last epoch. The images are looked for in EXP_DATA_DIR.
 *
 *     npm run bench:methods -- --seeds 5 --epochs 5
 */
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import type { Methods } from '../src/engines/wasm/lower/method.ts';
import { compiled } from './compiled.ts';
import { describeMachine } from './machine.ts';

const { values: options } = parseArgs({
  options: { seeds: { type: 'string', default: '5' }, epochs: { type: 'string', default: '5' }, threads: { type: 'string', default: '2' }, json: { type: 'boolean', default: false } },
});
const methods: readonly Methods[] = ['direct', 'winograd2', 'winograd4'];

const { createModel, loadExperiment } = await compiled<typeof import('../src/index.ts')>('index.js');
const { createWasmEngine } = await compiled<typeof import('../src/engines/wasm/engine.ts')>('engines/wasm/engine.js');

/** Percent of the test images, by method, in the order of the seeds. */
const accuracies = new Map<Methods, number[]>(methods.map((method) => [method, []]));
for (let seed = 1; seed <= Number(options.seeds); seed++) {
  for (const method of methods) {
    const { accuracy, seconds } = await trainOnce(seed, method);
    accuracies.get(method)!.push(accuracy);
    console.error(`seed ${seed}, ${method}: ${accuracy.toFixed(2)} % in ${seconds.toFixed(0)} s`);
  }
}
if (options.json) console.log(JSON.stringify({ machine: describeMachine(), epochs: Number(options.epochs), accuracies: Object.fromEntries(accuracies) }, undefined, 2));
else show();

async function trainOnce(seed: number, method: Methods): Promise<{ accuracy: number; seconds: number }> {
  const { experiment } = loadExperiment({ file: 'configs/deepconvnet.yaml', overrides: [`seed=${seed}`, `train.epochs=${options.epochs}`, 'dataset={ mnist: {} }'] });
  const model = createModel(experiment, { threads: Number(options.threads), createEngine: (spec) => createWasmEngine(spec, { methods: method }) });
  let accuracy = Number.NaN;
  const start = performance.now();
  await model.train({ observer: { epochEnded: ({ metrics }) => { accuracy = 100 * metrics['test/accuracy']; } } });
  await model.close();
  return { accuracy, seconds: (performance.now() - start) / 1000 };
}

function show(): void {
  console.log(`DeepConvNet on MNIST, ${options.epochs} epochs, accuracy on all test images in percent\n${describeMachine()}`);
  const table = new Table({ head: ['', 'mean', 'deviation', 'by seed'], style: { head: [], border: [] } });
  for (const [method, values] of accuracies) {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1));
    table.push([method, mean.toFixed(3), deviation.toFixed(3), values.map((value) => value.toFixed(2)).join('  ')]);
  }
  console.log(table.toString());
}
