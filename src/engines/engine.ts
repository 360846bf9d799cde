/**
 * What training and inference need from an engine. An engine owns the network's arithmetic, its memory and its threads;
 * it knows nothing of files, screens or run directories. All images are pixels 0..255, channels last.
 */
import type { Entry } from '../common/entry.ts';
import type { Tensors } from '../common/tensor.ts';
import type { AugmentationEntry } from '../config/experiment.ts';
import type { Network } from '../network/network.ts';
import type { Penalty } from '../optimizers/index.ts';

export interface EngineSpec {
  network: Network;
  /** Absent: inference only. */
  training?: TrainingSpec;
  /** Threads that compute; results do not depend on it. */
  threads: number;
  /** Largest batch of `evaluate` and `forward` at once is the engine's choice. */
  keep?: readonly string[];
  /** Measures where the time goes (`takeTimes`): operations run one by one, a little slower. */
  timed?: boolean;
  /** Which kernels compute; absent: the fastest that run here. */
  kernels?: KernelVariant;
}

/**
 * Kernels for different processors, best first. `wide`: tiles of 6×16, in 256 bits where V8 can; `narrow`: 4×8 in 128 bits; both
 * with fused multiply-add, and equal bits. `plain`: 4×8 with separate multiply and add, for where nothing else runs.
 */
export const kernelVariants = ['wide', 'narrow', 'plain'] as const;
export type KernelVariant = (typeof kernelVariants)[number];

export interface TrainingSpec {
  batchSize: number;
  optimizer: Entry;
  clipNorm?: number;
  /** Added to the gradient, after clipping, where weight decay applies. */
  penalty?: Penalty;
  seed: number;
}

/** Images in memory and how they reach the network: plain data around a shared buffer, so that threads read it in place. */
export interface ImageSource {
  /** [count, height, width, channels], 0..255; SharedArrayBuffer-backed where threads are used. */
  pixels: Uint8Array;
  /** [count] */
  labels: Int32Array;
  count: number;
  channels: number;
  height: number;
  width: number;
  /** Per channel; value = (pixel / 255 - mean) / deviation. */
  mean: readonly number[];
  deviation: readonly number[];
  /** Empty for test images. */
  augmentation: readonly AugmentationEntry[];
  /** Training images are drawn in a new order each epoch, by (seed, epoch). */
  shuffle: boolean;
  seed: number;
}

export interface TrainRequest {
  /** From 0. */
  epoch: number;
  /** Steps of this epoch, [from, to). The last batch of an epoch may be smaller. */
  fromStep: number;
  toStep: number;
  /** Steps trained before `fromStep`, over all epochs (bias corrections count from it). */
  stepsBefore: number;
  /** One per step. */
  learningRates: Float64Array;
}

/** Per step of a request, in order. */
export interface StepReports {
  /** Steps done: fewer than asked for when stopped or diverged. */
  steps: number;
  images: Int32Array;
  /** Sum of the images' losses: the mean that is trained on, times the images. */
  loss: Float64Array;
  correct: Int32Array;
  /** L2 norm of the gradient before clipping; NaN when the engine was not asked to clip. */
  gradientNorm: Float64Array;
  /** The loss or the gradient of this step was not finite; the weights are those before the step. */
  diverged?: { step: number; what: string };
}

export interface Evaluation {
  images: number;
  /** Mean over the images; where classes have weights, over the weights of the labels. */
  loss: number;
  correct: number;
  /** Per image. */
  predictions: Int32Array;
  probabilities: Float32Array;
  losses: Float32Array;
}

/** What the results rest on beside the configuration: recorded in run.json and compared on resume. */
export interface EngineRecord {
  name: string;
  /** One word for everything that may change the last bits, e.g. `fma`. Equal words, equal bits. */
  numerics: string;
  /** Kernel width, algorithms, micro-batch, shards: for people. */
  details: Record<string, unknown>;
}

export interface Progress {
  /** Steps done in the current request. */
  steps: number;
  images: number;
  /** Sum over the images so far. */
  loss: number;
  correct: number;
}

/** Time spent on one piece of work: a kernel call of an operation, or what surrounds the operations. */
export interface WorkTime {
  /** Of which program the operation is; `around`: what surrounds the operations. */
  program: 'train' | 'infer' | 'around';
  /** Empty for what belongs to no layer. */
  layer: string;
  /** `forward`, `data` and `weights` (gradients), `loss`; around them `batches`, `clear`, `start`, `finish`, `reduce`, `update`, `derive`, `wait`. */
  pass: string;
  /** Name of the function, e.g. `conv2.forward.products`; an operation may be several. */
  kernel: string;
  /** How products are computed, e.g. `F(4×4)`; absent where there are none, and after the first call of an operation. */
  method?: string;
  /** Multiply-adds for one image: those of the definition, and those that the method makes. */
  multiplyAdds?: number;
  executed?: number;
  /** By thread. */
  seconds: number[];
}

export interface Engine {
  readonly record: EngineRecord;
  /** Planned memory of the engine, all threads, data not included. */
  readonly memoryBytes: number;
  /** Weights, buffers and optimizer state by name: `conv1.weight`, `adam.first_moment/conv1.weight`. Missing optimizer state stays zero. */
  load(tensors: Tensors): Promise<void>;
  /** Weights and buffers (`model`), optimizer state (`optimizer`). Copies. */
  save(): Promise<{ model: Tensors; optimizer: Tensors }>;
  /** Makes images known under a name (`train`, `test`). */
  attach(name: string, source: ImageSource): Promise<void>;
  /** Trains on the images attached under `source`. One call at a time. */
  train(source: string, request: TrainRequest): Promise<StepReports>;
  evaluate(source: string): Promise<Evaluation>;
  /** Logits or kept activations: [count, ...shape] in NCHW by layer name (`output` for the logits). Input [count, channels, height, width], already normalised. */
  forward(images: Float32Array, count: number): Promise<Tensors>;
  /** While `train` or `evaluate` runs; cheap, may be called at any time. */
  progress(): Progress;
  /** Asks a running `train` to return after the step in hand. */
  stop(): void;
  /** Where the time went since the last call; empty unless the engine was asked to measure. */
  takeTimes(): WorkTime[];
  close(): Promise<void>;
}
