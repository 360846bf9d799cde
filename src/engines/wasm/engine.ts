/** The embedded engine: WebAssembly kernels made for the network at hand, on several threads over one memory. */
import { Worker } from 'node:worker_threads';
import { permittedMemoryBytes } from '../../common/memory.ts';
import { runFailure } from '../../common/problem.ts';
import type { Tensor, Tensors } from '../../common/tensor.ts';
import { sizeOf } from '../../common/shape.ts';
import type { Engine, EngineSpec, Evaluation, ImageSource, Progress, StepReports, TrainRequest, WorkTime } from '../engine.ts';
import { Control, createControl } from './control.ts';
import { chooseKernels } from './features.ts';
import { enableWasmFeatures } from './flags.ts';
import { variants } from './kernels/numerics.ts';
import { lossDivisor } from './loss.ts';
import type { Methods } from './lower/method.ts';
import type { Answer, Request } from './messages.ts';
import { fromMemory, toMemory, type PlannedParameter } from './parameters.ts';
import { createPlan, slotsOf, type EnginePlan } from './plan.ts';
import { surroundings } from './stopwatch.ts';
import type { SharedReports, ThreadSetup } from './thread.ts';

/** For tests and measurements. */
export interface WasmOptions {
  /** Which convolution methods may be chosen. */
  methods?: Methods;
  /** Parts of a batch; another number gives other last bits. */
  shards?: number;
}

export async function createWasmEngine(spec: EngineSpec, { methods = 'all', shards }: WasmOptions = {}): Promise<Engine> {
  enableWasmFeatures();
  const kernels = chooseKernels(spec.kernels);
  const numerics = variants[kernels];
  const planFor = (count: number): ReturnType<typeof createPlan> =>
    createPlan(spec.network, spec.training, { threads: count, keep: spec.keep ?? [], numerics, methods, shards, timed: spec.timed ?? false });
  const wanted = planFor(spec.threads);
  const threads = affordableThreads(wanted.plan, spec.threads);
  const { plan, bytes } = threads === spec.threads ? wanted : planFor(threads);
  const memory = createMemory(plan);
  const module = await WebAssembly.compile(bytes);
  new Int32Array(memory.buffer).set(plan.turnedBlocks, plan.derived.turned.list / 4);
  const control = createControl(plan.optimizer?.chunks.length ?? 0);
  // The blocks are in memory now; threads need not receive them.
  const lean: EnginePlan = { ...plan, turnedBlocks: new Int32Array() };
  const times = spec.timed ? Array.from({ length: threads }, () => new Float64Array(new SharedArrayBuffer(8 * slotsOf(plan).all))) : undefined;
  const pool = await Pool.start({ plan: lean, module, memory, control, threads, times });
  return new WasmEngine(lean, memory, new Control(control, threads), pool, times, {
    name: 'wasm',
    numerics: numerics.fused ? 'float32, fused multiply-add' : 'float32, separate multiply and add',
    details: {
      kernels, tile: `${numerics.tileHeight}×${numerics.tileWidth}`, threads, shards: plan.shards,
      micro_batch: plan.train?.microBatch ?? plan.infer.microBatch, convolution: methods === 'all' ? 'direct or Winograd, by a cost model' : methods, memory_bytes: plan.pages * 65536,
    },
  });
}

/** WebAssembly addresses 4 GiB; and the machine, or the share of it that this process may have, sets its own limit. */
const memoryLimit = (): number => Math.min(2 ** 32, permittedMemoryBytes());

/** As many threads as asked for, or fewer where the memory that each needs is not to be had. Results do not depend on it. */
function affordableThreads({ pages, scratchBytes }: EnginePlan, wanted: number): number {
  const excess = pages * 65536 - memoryLimit();
  return excess <= 0 ? wanted : Math.max(1, wanted - Math.ceil(excess / scratchBytes));
}

function createMemory({ pages, largest }: EnginePlan): WebAssembly.Memory {
  const bytes = pages * 65536;
  const limit = memoryLimit();
  const megabytes = (count: number): string => `${Math.ceil(count / 2 ** 20).toLocaleString('en')} MiB`;
  if (bytes > limit) {
    throw runFailure({
      code: 'out-of-memory', message: `the network needs ${megabytes(bytes)} but ${megabytes(limit)} can be had; most goes to ${largest.layer} (${megabytes(largest.bytes)})`,
      fix: 'use a smaller train.batch_size, smaller images, or fewer filters there',
    });
  }
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

/** The worker threads, and one request at a time to all of them. */
class Pool {
  private failure: Error | undefined;
  private pending: { left: number; resolve: () => void; reject: (error: Error) => void } | undefined;
  private queue: Promise<unknown> = Promise.resolve();
  private closing = false;

  private constructor(private readonly workers: Worker[]) {}

  static async start(setup: Omit<ThreadSetup, 'thread'>): Promise<Pool> {
    const workers = Array.from({ length: setup.threads }, (_, thread) =>
      new Worker(new URL('./worker-entry.mjs', import.meta.url), { workerData: { ...setup, thread } satisfies ThreadSetup }));
    const pool = new Pool(workers);
    const ready = pool.expectAnswers();
    const abort = (error: Error): void => {
      new Control(setup.control, setup.threads).abort();
      pool.fail(error);
    };
    for (const worker of workers) {
      worker.on('message', (answer: Answer) => pool.receive(answer));
      worker.on('error', abort);
      worker.on('exit', () => { if (!pool.closing) abort(new Error('a compute thread ended unexpectedly')); });
    }
    await ready;
    return pool;
  }

  /** Sends a request to every thread; resolves when all have done it. Requests wait for each other. */
  ask(request: Request): Promise<void> {
    const turn = this.queue.then(() => {
      if (this.failure) throw this.failure;
      const answers = this.expectAnswers();
      for (const worker of this.workers) worker.postMessage(request);
      return answers;
    });
    this.queue = turn.catch(() => undefined);
    return turn;
  }

  async close(): Promise<void> {
    this.closing = true;
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private expectAnswers(): Promise<void> {
    return new Promise((resolve, reject) => { this.pending = { left: this.workers.length, resolve, reject }; });
  }

  private receive(answer: Answer): void {
    if (answer.kind === 'failed') this.fail(new Error(answer.message));
    else if (this.pending && --this.pending.left === 0) this.pending.resolve();
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.pending?.reject(this.failure);
  }
}

class WasmEngine implements Engine {
  private readonly sources = new Map<string, ImageSource>();
  private readonly floats: Float32Array;

  constructor(
    private readonly plan: EnginePlan,
    memory: WebAssembly.Memory,
    private readonly control: Control,
    private readonly pool: Pool,
    private readonly times: Float64Array[] | undefined,
    readonly record: Engine['record'],
  ) {
    this.floats = new Float32Array(memory.buffer);
  }

  get memoryBytes(): number {
    return this.plan.pages * 65536;
  }

  async load(tensors: Tensors): Promise<void> {
    for (const { parameter, key, memory, model } of this.stored()) {
      const tensor = tensors.get(key);
      if (tensor || !model) memory.fill(0);
      if (tensor) toMemory(parameter.arrangement, tensor.data, memory);
    }
    await this.pool.ask({ kind: 'prepare' });
  }

  async save(): Promise<{ model: Tensors; optimizer: Tensors }> {
    const saved = { model: new Map<string, Tensor>(), optimizer: new Map<string, Tensor>() };
    for (const { parameter, key, memory, model } of this.stored()) {
      const data = new Float32Array(parameter.shape.reduce((a, b) => a * b, 1));
      fromMemory(parameter.arrangement, memory, data);
      (model ? saved.model : saved.optimizer).set(key, { shape: parameter.shape, data });
    }
    return saved;
  }

  /** Every tensor kept between steps: parameters and buffers, then the optimizer's state (`adam.first_moment/conv1.weight`). */
  private *stored(): Iterable<{ parameter: PlannedParameter; key: string; memory: Float32Array; model: boolean }> {
    const { parameters, parameterAddress, optimizer, spec } = this.plan;
    const at = (address: number, { offset, size }: PlannedParameter): Float32Array => this.floats.subarray(address / 4 + offset, address / 4 + offset + size);
    for (const parameter of parameters) yield { parameter, key: parameter.key, memory: at(parameterAddress, parameter), model: true };
    for (const [i, state] of (optimizer?.states ?? []).entries()) {
      for (const parameter of parameters.filter((each) => each.trained)) {
        yield { parameter, key: `${spec!.optimizer.type}.${state}/${parameter.key}`, memory: at(optimizer!.stateAddresses[i], parameter), model: false };
      }
    }
  }

  async attach(name: string, source: ImageSource): Promise<void> {
    this.sources.set(name, source);
    await this.pool.ask({ kind: 'attach', name, source });
  }

  async train(source: string, request: TrainRequest): Promise<StepReports> {
    const steps = request.toStep - request.fromStep;
    const reports = createReports(steps, this.plan.batchSize);
    this.control.stopWanted = false;
    await this.pool.ask({ kind: 'train', source, request, reports });
    const [done, diverged, parameter] = reports.flags as unknown as [number, number, number];
    return {
      steps: done, images: reports.images, loss: reports.loss, correct: reports.correct, gradientNorm: reports.gradientNorm,
      ...(diverged ? { diverged: { step: diverged - 1, what: parameter ? `the gradient of ${this.plan.parameters[parameter - 1].key}` : 'the loss' } } : {}),
    };
  }

  async evaluate(source: string): Promise<Evaluation> {
    const { count, labels } = this.sources.get(source)!;
    const results = {
      predictions: new Int32Array(new SharedArrayBuffer(4 * count)), probabilities: new Float32Array(new SharedArrayBuffer(4 * count)), losses: new Float32Array(new SharedArrayBuffer(4 * count)),
    };
    await this.pool.ask({ kind: 'evaluate', source, results });
    let loss = 0, correct = 0;
    for (let i = 0; i < count; i++) {
      loss += results.losses[i];
      if (results.predictions[i] === labels[i]) correct++;
    }
    return { images: count, loss: loss / (lossDivisor(this.plan.infer.losses[0], count, (image) => labels[image]) || 1), correct, ...results };
  }

  async forward(images: Float32Array, count: number): Promise<Tensors> {
    const shared = new Float32Array(new SharedArrayBuffer(images.byteLength));
    shared.set(images);
    const { kept } = this.plan.infer;
    const results = kept.map(({ shape }) => new Float32Array(new SharedArrayBuffer(4 * count * sizeOf(shape))));
    await this.pool.ask({ kind: 'forward', request: { images: shared, count, results } });
    return new Map(kept.map(({ name, shape }, i): [string, Tensor] => [
      name, { shape: shape.height === 1 && shape.width === 1 ? [count, shape.channels] : [count, shape.channels, shape.height, shape.width], data: Float32Array.from(results[i]) },
    ]));
  }

  takeTimes(): WorkTime[] {
    const { plan, times = [] } = this;
    const { calls } = slotsOf(plan);
    const take = (slot: number): number[] => times.map((seconds) => {
      const taken = seconds[slot];
      seconds[slot] = 0;
      return taken;
    });
    return [
      ...[plan.infer, ...(plan.train ? [plan.train] : [])].flatMap(({ name, timed = [] }) =>
        timed.map(({ layer, pass, kernel, work, slot }) => ({ program: name, layer, pass, kernel, ...work, seconds: take(slot) }))),
      ...surroundings.map((part, i) => ({ program: 'around' as const, layer: '', pass: part, kernel: '', seconds: take(calls + i) })),
    ];
  }

  progress(): Progress {
    return this.control.progress();
  }

  stop(): void {
    this.control.stopWanted = true;
  }

  close(): Promise<void> {
    return this.pool.close();
  }
}

function createReports(steps: number, batchSize: number): SharedReports {
  const shared = (bytes: number): SharedArrayBuffer => new SharedArrayBuffer(bytes);
  return {
    images: new Int32Array(shared(4 * steps)), loss: new Float64Array(shared(8 * steps)), correct: new Int32Array(shared(4 * steps)),
    gradientNorm: new Float64Array(shared(8 * steps)), flags: new Int32Array(shared(16)),
    imageLoss: new Float64Array(shared(8 * batchSize)), imageCorrect: new Uint8Array(shared(batchSize)),
  };
}
