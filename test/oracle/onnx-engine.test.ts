/**
 * The operator cases of the ONNX project, by the engine: what the reference computes for them outside training, the engine
 * computes in its place, and the outputs are held against ONNX's at the same tolerances.
 */
import { expect, test } from 'vitest';
import type { Tensors } from '../../src/common/tensor.ts';
import type * as Engines from '../../src/engines/index.ts';
import type { FeatureMaps } from '../../src/engines/reference/index.ts';
import type { Primitive } from '../../src/layers/primitives.ts';
import { parameterKey } from '../../src/network/network.ts';
import type { Network, NetworkLayer } from '../../src/network/network.ts';
import { cases, evaluate, present, sayWhereAbsent, wrongOutputs } from './onnx-cases.ts';
import type { Case } from './onnx-cases.ts';
import { recordCalls, withOutputs } from './onnx-operators.ts';
import type { Call } from './onnx-operators.ts';

const { createEngine } = await import(new URL('../../dist/engines/index.js', import.meta.url).href) as typeof Engines;

sayWhereAbsent('the ONNX operator cases for the engine');

/** Why the engine cannot take a case; undefined where it can. */
function obstacle(calls: readonly Call[], result: ReturnType<typeof evaluate>): string | undefined {
  if (typeof result === 'string') return result;
  if (calls.length === 0) return 'losses and optimizers are parts of a training step';
  return calls.some(({ context }) => context.training) ? 'only a training step trains' : undefined;
}

const judged = cases.map((each) => {
  const { result, calls } = recordCalls(() => evaluate(each));
  return { each, calls, why: obstacle(calls, result) };
});

test.each(judged.flatMap(({ each, calls, why }) => (why === undefined ? [[each.name, each, calls] as const] : [])))('%s', async (_name, each: Case, calls) => {
  const outputs: Float32Array[] = [];
  for (const call of calls) outputs.push(await computed(call));
  const result = withOutputs(outputs, () => evaluate(each));
  expect(typeof result === 'string' ? [result] : wrongOutputs(each, result)).toEqual([]);
});

// Without the cases there is nothing to list; that they are absent is said on stderr (onnx-cases.ts), and fails in CI (onnx.test.ts).
test.skipIf(!present)('what the engine is not given, and why', () => {
  const reasons: Record<string, number> = {};
  for (const { why } of judged) if (why !== undefined) reasons[why] = (reasons[why] ?? 0) + 1;
  expect(reasons).toMatchInlineSnapshot(`
    {
      "losses and optimizers are parts of a training step": 11,
      "only a training step trains": 4,
      "our joins do not broadcast": 1,
    }
  `);
});

const plain = { type: 'case', options: {}, parameters: [], multiplyAdds: 0, window: { kernel: [1, 1], stride: [1, 1], dilation: [1, 1] }, needsWholeBatch: false, random: false } satisfies Partial<NetworkLayer>;

/** A network of one layer under test. Several inputs come as one image with all their channels, from which convolutions of ones and zeros take each. */
async function computed({ primitives, inputs, values, output }: Call): Promise<Float32Array> {
  const [{ count, shape }] = inputs;
  const image = { ...shape, channels: inputs.reduce((sum, each) => sum + each.shape.channels, 0) };
  const layers: NetworkLayer[] = [{ ...plain, name: 'input', inputs: [], shape: image, primitives: [] }];
  const tensors: Tensors = new Map();
  const addLayer = (name: string, reads: number[], shape: NetworkLayer['shape'], made: readonly Primitive[], given: Readonly<Record<string, { shape: readonly number[]; data: ArrayLike<number> }>>): void => {
    const parameters = Object.entries(given).map(([key, tensor]) => ({ name: key, shape: tensor.shape, start: { fill: 0 }, trained: !key.startsWith('running'), decay: false }));
    const layer: NetworkLayer = { ...plain, name, inputs: reads, shape, primitives: [...made], parameters };
    layers.push(layer);
    for (const parameter of parameters) tensors.set(parameterKey(layer, parameter), { shape: parameter.shape, data: Float32Array.from(given[parameter.name].data) });
  };
  let first = 0;
  for (const [index, each] of (inputs.length > 1 ? inputs : []).entries()) {
    const { channels } = each.shape, offset = first;
    const selection = Array.from({ length: channels * image.channels }, (_, i) => (i % image.channels === offset + Math.floor(i / image.channels) ? 1 : 0));
    addLayer(`lead${index}`, [0], each.shape, [pointwise(channels)], { weight: { shape: [channels, image.channels, 1, 1], data: selection } });
    first += channels;
  }
  const [primitive] = primitives;
  addLayer('tested', inputs.length > 1 ? inputs.map((_, index) => index + 1) : [0], output.shape, primitives,
    Object.fromEntries(Object.entries(values).map(([key, data]) => [key, { shape: parameterShape(primitive, key, shape, data.length), data }])));
  const size = output.shape.channels * output.shape.height * output.shape.width;
  addLayer('logits', [layers.length - 1], { channels: 2, height: 1, width: 1 }, [{ op: 'dense', units: 2, bias: false }], { weight: { shape: [2, size], data: new Float32Array(2 * size) } });
  const network: Network = { input: image, classes: 2, layers, output: layers.length - 1, loss: { op: 'softmaxCrossEntropy', labelSmoothing: 0 }, heads: [] };
  const engine = await createEngine({ network, threads: 1, keep: ['tested'] });
  await engine.load(tensors);
  const kept = await engine.forward(joinedImages(inputs), count);
  await engine.close();
  return kept.get('tested')!.data;
}

const pointwise = (filters: number): Primitive =>
  ({ op: 'convolution', filters, kernel: [1, 1], stride: [1, 1], dilation: [1, 1], padding: { top: 0, left: 0, bottom: 0, right: 0 }, groups: 1, bias: false });

/** PyTorch's layout, as src/layers/primitives.ts describes it. */
function parameterShape(primitive: Primitive, name: string, input: FeatureMaps['shape'], length: number): number[] {
  if (name !== 'weight') return [length];
  if (primitive.op === 'convolution') return [primitive.filters, input.channels / primitive.groups, ...primitive.kernel];
  if (primitive.op === 'transposedConvolution') return [input.channels, primitive.filters / primitive.groups, ...primitive.kernel];
  return primitive.op === 'dense' ? [primitive.units, length / primitive.units] : [length];
}

/** [count, all channels, height, width] */
function joinedImages(inputs: readonly FeatureMaps[]): Float32Array {
  const [{ count }] = inputs;
  const sizes = inputs.map(({ data }) => data.length / count);
  return Float32Array.from(Array.from({ length: count }, (_, image) => inputs.flatMap(({ data }, index) => Array.from(data.slice(image * sizes[index], (image + 1) * sizes[index])))).flat());
}
