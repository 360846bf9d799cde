/**
 * The direct kernels alone, on one thread, with what they read in the caches: forward (the gradient to the data is the same kernel) and
 * gradient to the weights, in GFLOP/s, for the kinds of convolution that Winograd's method does not take.
 *
 *     npm run bench:kernels
 */
import Table from 'cli-table3';
import type { GatherSpec, Steps } from '../src/engines/wasm/kernels/gather.ts';
import { compiled } from './compiled.ts';
import { describeMachine } from './machine.ts';

const { enableWasmFeatures } = await compiled<typeof import('../src/engines/wasm/flags.ts')>('engines/wasm/flags.js');
enableWasmFeatures();
const { chooseKernels } = await compiled<typeof import('../src/engines/wasm/features.ts')>('engines/wasm/features.js');
const { variants } = await compiled<typeof import('../src/engines/wasm/kernels/numerics.ts')>('engines/wasm/kernels/numerics.js');
const { ModuleBuilder } = await compiled<typeof import('../src/engines/wasm/emitter.ts')>('engines/wasm/emitter.js');
const { emitGather } = await compiled<typeof import('../src/engines/wasm/kernels/gather.ts')>('engines/wasm/kernels/gather.js');
const { emitWeightGradient } = await compiled<typeof import('../src/engines/wasm/kernels/weightGradient.ts')>('engines/wasm/kernels/weightGradient.js');
const { emitDepthwise, emitDepthwiseWeights } = await compiled<typeof import('../src/engines/wasm/kernels/depthwise.ts')>('engines/wasm/kernels/depthwise.js');

interface Convolution { about: string; size: number; inputs: number; filters: number; kernel: number; stride?: number; dilation?: number; depthwise?: boolean; images: number }

const convolutions: readonly Convolution[] = [
  { about: 'first layer, 3×3, 3 → 16', size: 32, inputs: 3, filters: 16, kernel: 3, images: 4 },
  { about: '1×1, 64 → 256', size: 56, inputs: 64, filters: 256, kernel: 1, images: 1 },
  { about: '1×1, 256 → 64', size: 56, inputs: 256, filters: 64, kernel: 1, images: 1 },
  { about: '3×3 stride 2, 16 → 32', size: 16, inputs: 16, filters: 32, kernel: 3, stride: 2, images: 4 },
  { about: '3×3 dilation 2, 64 → 64', size: 28, inputs: 64, filters: 64, kernel: 3, dilation: 2, images: 2 },
  { about: '5×5, 32 → 64', size: 14, inputs: 32, filters: 64, kernel: 5, images: 2 },
  { about: '7×7 stride 2, 3 → 64', size: 112, inputs: 3, filters: 64, kernel: 7, stride: 2, images: 1 },
  { about: '11×11 stride 4, 3 → 64', size: 55, inputs: 3, filters: 64, kernel: 11, stride: 4, images: 1 },
  { about: 'depthwise 3×3, 96', size: 28, inputs: 96, filters: 96, kernel: 3, depthwise: true, images: 2 },
];

const kernels = chooseKernels();
const numerics = variants[kernels];
const table = new Table({ head: ['', 'output', 'forward', 'weights'], style: { head: [], border: [] } });
for (const each of convolutions) {
  const [forward, weights] = measure(each);
  table.push([each.about, `${each.size}×${each.size}`, forward.toFixed(0), weights.toFixed(0)]);
}
console.log(`GFLOP/s on one thread, ${kernels} kernels\n${describeMachine()}\n${table.toString()}`);

/** Best of some runs. */
function measure({ size, inputs, filters, kernel, stride = 1, dilation = 1, depthwise = false, images }: Convolution): [forward: number, weights: number] {
  const side = (size - 1) * stride + dilation * (kernel - 1) + 1;
  const from: Steps = { column: inputs, row: side * inputs + 16, image: side * (side * inputs + 16) + 16 };
  const to: Steps = { column: filters, row: size * filters + 16, image: size * (size * filters + 16) + 16 };
  const input = { row: from.row * stride, column: from.column * stride, image: from.image };
  const joined = dilation === 1;
  const module = new ModuleBuilder();
  if (depthwise) {
    const spec = {
      rows: size, columns: size, blocks: filters / 16, input, output: to, bias: false, relu: false,
      taps: { rows: kernel, columns: kernel, rowStep: from.row, columnStep: from.column, weightRowStep: kernel * filters, weightColumnStep: filters },
    };
    emitDepthwise(module, 'forward', numerics, spec);
    emitDepthwiseWeights(module, 'weights', numerics, spec);
  } else {
    const spec: GatherSpec = {
      rows: size, columns: size, blocks: filters / 16, input, output: to, bias: false, relu: false,
      taps: { rows: kernel, rowStep: from.row * dilation, columns: joined ? 1 : kernel, columnStep: from.column * dilation, run: joined ? kernel * inputs : inputs },
    };
    emitGather(module, 'forward', numerics, spec);
    emitWeightGradient(module, 'weights', numerics, spec);
  }
  const weightBytes = 4 * kernel * kernel * (depthwise ? 1 : inputs) * filters;
  let end = 65536;
  const take = (bytes: number): number => { const address = end; end += Math.ceil(bytes / 64) * 64 + 192; return address; };
  const [x, y, w, g] = [take(4 * images * from.image), take(4 * images * to.image), take(weightBytes), take(weightBytes)] as const;
  const pages = Math.ceil(end / 65536) + 1;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const { forward, weights } = new WebAssembly.Instance(new WebAssembly.Module(module.bytes(pages)), { host: { memory } }).exports as Record<string, (...operands: number[]) => void>;
  const work = 2 * images * size ** 2 * kernel ** 2 * (depthwise ? 1 : inputs) * filters;
  return [bestGigaflops(work, () => forward(x, w, 0, y, 0, 0, images)), bestGigaflops(work, () => weights(x, y, g, images))];
}

function bestGigaflops(work: number, run: () => void): number {
  const repeats = Math.max(1, Math.round(2e8 / work));
  const once = (): number => {
    const start = performance.now();
    for (let i = 0; i < repeats; i++) run();
    return (performance.now() - start) / 1000 / repeats;
  };
  once();
  return work / Math.min(...Array.from({ length: 10 }, once)) / 1e9;
}
