/**
 * One compute thread. All threads run the same code on the same memory and meet at barriers; work is cut into shards that do
 * not depend on how many threads there are, and every sum has one order, so results do not either.
 */
import { createBatcher, type Batcher } from '../../data/index.ts';
import { optimizerNamed, withPenalty } from '../../optimizers/index.ts';
import type { ImageSource, TrainRequest } from '../engine.ts';
import { Control, type ControlBuffers } from './control.ts';
import { freeze, runFinale, type MemoryViews } from './finale.ts';
import { lossDivisor, softmaxCrossEntropy } from './loss.ts';
import { slotsOf, type EnginePlan, type MapAccess, type ProgramPlan } from './plan.ts';
import { Stopwatch } from './stopwatch.ts';

export interface ThreadSetup {
  plan: EnginePlan;
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  control: ControlBuffers;
  thread: number;
  threads: number;
  /** Seconds by slot of each thread, where they are measured. */
  times?: Float64Array[];
}

/** Results by step, shared by all threads; see StepReports. `flags`: steps done, step that diverged + 1, parameter that did + 1. */
export interface SharedReports {
  images: Int32Array;
  loss: Float64Array;
  correct: Int32Array;
  gradientNorm: Float64Array;
  flags: Int32Array;
  /** Per image of a batch. */
  imageLoss: Float64Array;
  imageCorrect: Uint8Array;
}

/** Results by image of an evaluation. */
export interface SharedEvaluation { predictions: Int32Array; probabilities: Float32Array; losses: Float32Array }

/** Images whose activations are wanted: [count, channels, height, width], and where each kept map goes. */
export interface ForwardRequest { images: Float32Array; count: number; results: Float32Array[] }

type PhaseFunction = (image: number, images: number, shard: number, step: number, seed: number, scratch: number) => void;

/** Images that a thread takes at once in an evaluation, before it asks for more. */
const evaluationPiece = 32;

export class EngineThread {
  private readonly control: Control;
  private readonly views: MemoryViews;
  private readonly exported: Record<string, (...operands: number[]) => number>;
  private readonly sources = new Map<string, { source: ImageSource; batcher: Batcher }>();
  private readonly scratch: number;
  private readonly watch: Stopwatch;
  /** What the loss function, called from within a phase, does with the images it is given. */
  private onLoss: (loss: number, logits: number, gradient: number, image: number, images: number) => void = () => {};

  constructor(private readonly setup: ThreadSetup) {
    const { plan, memory, thread } = setup;
    this.control = new Control(setup.control, setup.threads);
    this.views = { floats: new Float32Array(memory.buffer), doubles: new Float64Array(memory.buffer) };
    this.scratch = plan.scratchAddress + thread * plan.scratchBytes;
    this.watch = new Stopwatch(setup.times?.[thread], slotsOf(plan).calls);
    // WebAssembly hands its 32 bits over as signed: addresses beyond 2 GiB arrive negative.
    const loss = (head: number, logits: number, gradient: number, image: number, images: number): void => this.onLoss(head, logits >>> 0, gradient >>> 0, image, images);
    this.exported = new WebAssembly.Instance(setup.module, { host: { memory, loss } }).exports as never;
  }

  attach(name: string, source: ImageSource): void {
    this.sources.set(name, { source, batcher: createBatcher(source) });
  }

  /** Makes the other forms of the weights; once after they were loaded. */
  prepare(): void {
    this.deriveWeights();
    this.control.barrier();
  }

  train(name: string, request: TrainRequest, reports: SharedReports): void {
    const { control, setup: { plan } } = this;
    const { source, batcher } = this.sources.get(name)!;
    const order = batcher.order(request.epoch);
    if (this.setup.thread === 0) control.begin();
    control.barrier();
    this.watch.start();
    for (let i = 0; i < request.toStep - request.fromStep; i++) {
      const first = (request.fromStep + i) * plan.batchSize;
      const images = Math.min(plan.batchSize, source.count - first);
      const step = request.stepsBefore + i;
      this.forwardBackward(source, batcher, order, request.epoch, first, images, step, reports, i);
      if (reports.flags[1]) return;
      if (!this.updateWeights(request.learningRates[i], step + 1, reports, i)) return;
      control.barrier(() => this.finishStep(reports, i, images));
      this.watch.lap('wait');
      if (reports.flags[3]) return;
    }
  }

  /** All phases of one step; the last finale adds up the losses and looks whether they are finite. */
  private forwardBackward(
    source: ImageSource, batcher: Batcher, order: Uint32Array, epoch: number, first: number, images: number, step: number, reports: SharedReports, index: number,
  ): void {
    const { plan } = this.setup;
    const program = plan.train!;
    // Every thread adds up the same labels in the same order.
    const divisor = lossDivisor(program.losses[0], images, (image) => source.labels[order[first + image]]);
    this.onLoss = (head, logits, gradient, image, count) => this.trainLoss(program, source, order, first, { images, divisor }, reports, head, logits, gradient, image, count);
    for (let phase = 0; phase < program.phases; phase++) {
      const run = this.phaseFunction(program, phase);
      this.overShards(images, (shard, from, to) => {
        if (phase === 0) {
          this.exported['clear'](plan.gradientAddress + shard * plan.shardBytes, plan.shardBytes);
          reports.imageLoss.fill(0, from, to);
          this.watch.lap('clear');
        }
        if (program.shardWork[phase]) this.exported[`train.start${phase}`](0, 0, shard, 0, 0, this.scratch);
        this.watch.lap('start');
        const pieces = Math.ceil((to - from) / program.microBatch);
        for (let piece = 0; piece < pieces; piece++) {
          const start = from + Math.floor((piece * (to - from)) / pieces), end = from + Math.floor(((piece + 1) * (to - from)) / pieces);
          for (let image = start; image < end && phase === 0; image++) {
            this.fillInput(program.input, image, image - start, (at, row, column) => batcher.fill(order[first + image], epoch, this.views.floats, at, row, column));
          }
          if (phase === 0) this.watch.lap('batches');
          run(start, end - start, shard, step, plan.spec!.seed | 0, this.scratch);
        }
        if (program.shardWork[phase]) this.exported[`train.finish${phase}`](0, 0, shard, 0, 0, this.scratch);
        this.watch.lap('finish');
      });
      this.control.barrier(() => {
        for (const finale of program.finales) if (finale.phase === phase) runFinale(finale, this.views, plan.shards, images);
        if (phase === program.phases - 1) addUpLosses(reports, index, images);
      });
      this.watch.lap('wait');
    }
  }

  /** All operations of a phase: one function, or one for each kernel call where they are timed. */
  private phaseFunction({ name, timed }: ProgramPlan, phase: number): PhaseFunction {
    if (!this.watch.running) return this.exported[`${name}.phase${phase}`];
    return (...operands) => {
      for (const call of timed!) {
        if (call.phase !== phase) continue;
        this.exported[call.function](...operands);
        this.watch.lap(call.slot);
      }
    };
  }

  /** Every shard of the batch once: a thread begins with its own and then takes what others have left. */
  private overShards(images: number, run: (shard: number, from: number, to: number) => void): void {
    const { shards } = this.setup.plan;
    const round = this.control.nextRound();
    const own = Math.floor((this.setup.thread * shards) / this.setup.threads);
    for (let i = 0; i < shards; i++) {
      const shard = (own + i) % shards;
      if (this.control.claim(shard, round)) run(shard, Math.floor((shard * images) / shards), Math.floor(((shard + 1) * images) / shards));
    }
  }

  private fillInput(input: MapAccess, image: number, slot: number, fill: (at: number, row: number, column: number) => void): void {
    const base = input.home === 'thread' ? this.scratch + 4 * slot * input.image : 4 * image * input.image;
    fill((base + input.address) / 4, input.row, input.column);
  }

  private trainLoss(
    program: ProgramPlan, source: ImageSource, order: Uint32Array, first: number, { images, divisor }: { images: number; divisor: number }, reports: SharedReports,
    head: number, logits: number, gradient: number, image: number, count: number,
  ): void {
    const plan = program.losses[head];
    // A batch whose labels all weigh nothing changes nothing.
    const scale = divisor === 0 ? 0 : plan.weight / divisor, reported = divisor === 0 ? 0 : plan.weight * (images / divisor);
    for (let i = 0; i < count; i++) {
      const at = logits / 4 + i * plan.imageStride, label = source.labels[order[first + image + i]];
      softmaxCrossEntropy(this.views.floats, at, gradient / 4 + i * plan.imageStride, plan, label, scale, imageLoss);
      reports.imageLoss[image + i] += imageLoss.loss * reported;
      if (plan.main) reports.imageCorrect[image + i] = imageLoss.prediction === label ? 1 : 0;
    }
  }

  /** Sums the shards' gradients, clips, updates and turns the weights. False when the gradient was not finite. */
  private updateWeights(lr: number, step: number, reports: SharedReports, index: number): boolean {
    const { setup: { plan, thread, threads }, control, exported } = this;
    const { chunks, stateAddresses, tables } = plan.optimizer!;
    const norms = control.doubles.subarray(1);
    for (let i = thread; i < chunks.length; i += threads) norms[i] = exported['reduce'](plan.gradientAddress + 4 * chunks[i].offset, chunks[i].blocks);
    this.watch.lap('reduce');
    control.barrier(() => this.prepareUpdate(norms, lr, step, reports, index));
    this.watch.lap('wait');
    if (reports.flags[1]) return false;
    for (let i = thread; i < chunks.length; i += threads) {
      const { offset, blocks, decay } = chunks[i];
      exported['update'](plan.gradientAddress + 4 * offset, plan.parameterAddress + 4 * offset, ...stateAddresses.map((address) => address + 4 * offset), tables[decay ? 1 : 0], blocks);
    }
    this.watch.lap('update');
    control.barrier();
    this.watch.lap('wait');
    this.deriveWeights();
    this.watch.lap('derive');
    return true;
  }

  /** The gradient's norm, and the step's scalars for the update. */
  private prepareUpdate(norms: Float64Array, lr: number, step: number, reports: SharedReports, index: number): void {
    const { plan } = this.setup;
    const { spec, optimizer } = plan;
    let sum = 0;
    for (let i = 0; i < norms.length; i++) {
      sum += norms[i];
      if (!Number.isFinite(norms[i]) && !reports.flags[1]) {
        reports.flags[1] = index + 1;
        reports.flags[2] = optimizer!.chunks[i].parameter + 1;
      }
    }
    const norm = Math.sqrt(sum);
    reports.gradientNorm[index] = norm;
    const factor = spec!.clipNorm !== undefined && norm > spec!.clipNorm ? spec!.clipNorm / norm : 1;
    const { type, options } = spec!.optimizer;
    const update = withPenalty(optimizerNamed(type)!, spec!.penalty);
    for (const decays of [0, 1] as const) {
      const scalars = update.scalars(options, { lr, step, decays });
      const table = optimizer!.tables[decays] / 4;
      optimizer!.scalars.forEach((scalar, i) => { this.views.floats[table + i] = scalars[scalar]!; });
      this.views.floats[table + optimizer!.scalars.length] = factor;
    }
  }

  /** Turned blocks first, then what is made from them; every thread a share of each. */
  private deriveWeights(): void {
    const { setup: { plan, thread, threads }, exported } = this;
    const { turned, steps } = plan.derived;
    const share = (count: number): [number, number] => [Math.floor((thread * count) / threads), Math.floor(((thread + 1) * count) / threads)];
    const [first, end] = share(turned.count);
    if (end > first) exported['turn'](turned.list + 8 * first, end - first);
    if (steps.length === 0) return;
    this.control.barrier();
    const temporary = this.scratch + (plan.train ?? plan.infer).workspace;
    for (const { function: name, from, to, blocks, fromBytes, toBytes } of steps) {
      const [low, high] = share(blocks);
      if (high > low) exported[name](from + low * fromBytes, to + low * toBytes, temporary, high - low);
    }
  }

  private finishStep(reports: SharedReports, index: number, images: number): void {
    const { control } = this;
    const before = control.progress();
    control.publish({
      steps: index + 1, images: before.images + images,
      loss: before.loss + reports.loss[index], correct: before.correct + reports.correct[index],
    });
    reports.flags[0] = index + 1;
    reports.flags[3] = control.stopWanted ? 1 : 0;
  }

  evaluate(name: string, results: SharedEvaluation): void {
    const { source, batcher } = this.sources.get(name)!;
    const program = this.setup.plan.infer;
    let base = 0;
    this.onLoss = (_, logits, __, image, count) => {
      const plan = program.losses[0];
      for (let i = 0; i < count; i++) {
        const sample = base + image + i;
        softmaxCrossEntropy(this.views.floats, logits / 4 + i * plan.imageStride, -1, plan, source.labels[sample], 0, imageLoss);
        results.predictions[sample] = imageLoss.prediction;
        results.probabilities[sample] = imageLoss.probability;
        results.losses[sample] = imageLoss.loss;
      }
    };
    this.startInference();
    this.watch.start();
    for (let piece = this.control.takeNext(); piece * evaluationPiece < source.count; piece = this.control.takeNext()) {
      const end = Math.min((piece + 1) * evaluationPiece, source.count);
      for (base = piece * evaluationPiece; base < end; base += program.microBatch) {
        this.inferOnce(program, Math.min(program.microBatch, end - base), (slot, at, row, column) => batcher.fill(base + slot, 0, this.views.floats, at, row, column));
      }
    }
    this.control.barrier();
    this.watch.lap('wait');
  }

  forward({ images, count, results }: ForwardRequest): void {
    const program = this.setup.plan.infer;
    const { shape } = program.input;
    this.onLoss = () => {};
    this.startInference();
    this.watch.start();
    // As many pieces for each thread: none of them waits long for the last one.
    const { threads } = this.setup;
    const pieces = threads * Math.ceil(count / (threads * program.microBatch));
    for (let piece = this.control.takeNext(); piece < pieces; piece = this.control.takeNext()) {
      const base = Math.floor((piece * count) / pieces), images_ = Math.floor(((piece + 1) * count) / pieces) - base;
      if (images_ === 0) continue;
      this.inferOnce(program, images_, (slot, at, row, column) => copyImage(images, (base + slot) * shape.channels * shape.height * shape.width, this.views.floats, at, row, column, shape, 'in'));
      program.kept.forEach(({ access }, i) => {
        const size = access.shape.channels * access.shape.height * access.shape.width;
        for (let slot = 0; slot < images_; slot++) {
          copyImage(results[i], (base + slot) * size, this.views.floats, (this.scratch + access.address) / 4 + slot * access.image, access.row, access.column, access.shape, 'out');
        }
      });
    }
    this.control.barrier();
  }

  /** Running statistics become scale and shift; the pieces are counted from 0. */
  private startInference(): void {
    this.control.barrier(() => {
      this.control.begin();
      for (const frozen of this.setup.plan.infer.frozen) freeze(frozen, this.views);
    });
  }

  private inferOnce(program: ProgramPlan, images: number, fill: (slot: number, at: number, row: number, column: number) => void): void {
    for (let slot = 0; slot < images; slot++) this.fillInput(program.input, 0, slot, (at, row, column) => fill(slot, at, row, column));
    this.watch.lap('batches');
    for (let phase = 0; phase < program.phases; phase++) this.phaseFunction(program, phase)(0, images, 0, 0, 0, this.scratch);
  }
}

const imageLoss = { loss: 0, prediction: 0, probability: 0 };

/** In image order, so that the sum has one value. */
function addUpLosses(reports: SharedReports, index: number, images: number): void {
  let loss = 0, correct = 0;
  for (let i = 0; i < images; i++) {
    loss += reports.imageLoss[i];
    correct += reports.imageCorrect[i];
  }
  reports.images[index] = images;
  reports.loss[index] = loss;
  reports.correct[index] = correct;
  if (!Number.isFinite(loss)) reports.flags[1] = index + 1;
}

/** Between [channels, height, width] at `file` and the engine's map at `at`. */
function copyImage(image: Float32Array, file: number, floats: Float32Array, at: number, row: number, column: number, shape: MapAccess['shape'], direction: 'in' | 'out'): void {
  if (column === 1 && direction === 'in') {
    for (let y = 0, from = file; y < shape.height; y++, from += shape.width) floats.set(image.subarray(from, from + shape.width), at + y * row);
    return;
  }
  for (let c = 0, from = file; c < shape.channels; c++) {
    for (let y = 0; y < shape.height; y++) {
      for (let x = 0; x < shape.width; x++, from++) {
        const to = at + y * row + x * column + c;
        if (direction === 'in') floats[to] = image[from]!;
        else image[from] = floats[to]!;
      }
    }
  }
}
