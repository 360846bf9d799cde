/** What network.py computes of a network of ours, with Python (`EXP_PYTHON`, else python3): torch, safetensors and numpy. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeTensors } from '../../src/common/safetensors.ts';
import type { Tensors } from '../../src/common/tensor.ts';
import { loadExperiment } from '../../src/config/index.ts';
import type { Experiment, LayerEntry } from '../../src/config/experiment.ts';
import { datasetFacts } from '../../src/datasets/index.ts';
import { buildNetwork } from '../../src/network/index.ts';
import type { Network } from '../../src/network/network.ts';

/** A configuration's network without dropout, since what it draws is not what PyTorch draws; `narrow`: its filters divided by that. */
export function networkWithoutDropout(file: string, overrides: readonly string[], narrow = 1): { experiment: Experiment; network: Network } {
  const { experiment } = loadExperiment({ file, overrides, environment: {} });
  const { layers: own, heads } = experiment.model;
  const narrowed = Object.fromEntries(Object.entries(heads).map(([name, head]) => [name, { ...head, layers: head.layers.map((each) => narrower(each, narrow)) }]));
  const model = { ...experiment.model, layers: own.map((each) => narrower(each, narrow)), heads: narrowed };
  const network = buildNetwork(model, experiment.train.loss, datasetFacts(experiment.dataset));
  const layers = network.layers.map((layer) => ({ ...layer, random: false, primitives: layer.primitives.filter(({ op }) => op !== 'dropout') }));
  return { experiment, network: { ...network, layers } };
}

function narrower(entry: LayerEntry, by: number): LayerEntry {
  const inside = (value: unknown): unknown => (Array.isArray(value) ? value.map(inside) : isEntry(value) ? narrower(value, by) : value);
  const options = Object.entries(entry.options).map(([key, value]) => [key, key === 'filters' && typeof value === 'number' ? Math.ceil(value / by) : inside(value)] as const);
  return { ...entry, options: Object.fromEntries(options) };
}

const isEntry = (value: unknown): value is LayerEntry => typeof value === 'object' && value !== null && 'type' in value && 'options' in value;

/** `tensors`: weights, buffers and `images` [count, channels, height, width]. Gives the answer of network.py. */
export function askTorch(what: 'gradients' | 'train', network: Network, request: object, tensors: Tensors, ours?: Tensors): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'exp-torch-'));
  try {
    const write = (name: string, content: string | Buffer): void => writeFileSync(join(folder, name), content);
    write('network.json', JSON.stringify(network));
    write('request.json', JSON.stringify(request));
    write('tensors.safetensors', Buffer.concat(encodeTensors(tensors)));
    if (ours) write('ours.safetensors', Buffer.concat(encodeTensors(ours)));
    const done = spawnSync(process.env['EXP_PYTHON'] ?? 'python3', ['test/oracle/network.py', what, folder], { encoding: 'utf8', maxBuffer: 1 << 28 });
    if (done.status !== 0) throw new Error(`network.py failed: ${done.error?.message ?? done.stderr}`);
    return JSON.parse(done.stdout) as unknown;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
