/**
 * From a network to a plan that threads can run: addresses, one WebAssembly module, one function for each phase. A phase
 * function takes a few images through all operations of the phase; everything else about a step is in thread.ts.
 */
import type { Shape } from '../../common/shape.ts';
import type { TrainingSpec } from '../engine.ts';
import type { Network } from '../../network/network.ts';
import { optimizerNamed } from '../../optimizers/index.ts';
import type { Builder } from './builder.ts';
import { i32, memoryFill, ModuleBuilder, type Code, type FunctionBuilder } from './emitter.ts';
import type { Numerics } from './kernels/numerics.ts';
import { emitTransposeBlocks } from './kernels/transpose.ts';
import { emitReduce, emitUpdate } from './kernels/update.ts';
import { lowerNetwork, type LoweredNetwork } from './lower/index.ts';
import { Arena, chooseMicroBatch, inOrder, placeShared, placeSums, planProgram, type Placement, type ProgramMemory } from './memory.ts';
import { planParameters, type PlannedParameter } from './parameters.ts';
import type { Argument, FeatureMap, Finale, Frozen, LossPlan } from './program.ts';

/** Where JavaScript reads or writes a map. Bytes; strides in floats. */
export interface MapAccess {
  shape: Shape;
  home: Placement['home'];
  address: number;
  column: number;
  row: number;
  image: number;
}

/** One of the two ways to run the network. Plain data. */
export interface ProgramPlan {
  name: 'train' | 'infer';
  phases: number;
  microBatch: number;
  input: MapAccess;
  losses: (LossPlan & { imageStride: number })[];
  finales: Finale[];
  frozen: Frozen[];
  kept: [name: string, access: MapAccess][];
}

export interface OptimizerPlan {
  states: string[];
  /** Address of each state's stretch; parallel to the parameters. */
  stateAddresses: number[];
  /** Names of the scalars in the order of the table. */
  scalars: string[];
  /** Two tables of scalars: without and with weight decay. */
  tables: [number, number];
  /** Stretches of one parameter each, in floats from the start of the parameters. */
  chunks: { offset: number; blocks: number; decay: boolean; parameter: number }[];
  turned: { list: number; count: number };
}

export interface EnginePlan {
  pages: number;
  shards: number;
  batchSize: number;
  parameters: PlannedParameter[];
  parameterAddress: number;
  gradientAddress: number;
  shardBytes: number;
  scratchAddress: number;
  scratchBytes: number;
  train?: ProgramPlan;
  infer: ProgramPlan;
  optimizer?: OptimizerPlan;
  spec?: TrainingSpec;
  /** Pairs (from, to) of blocks of weights, to be written to `optimizer.turned.list` once. */
  turnedBlocks: Int32Array;
}

/** Copies of the gradients that the shards may take together, and how many shards there are at most. */
const gradientCopiesBytes = 256 * 2 ** 20;
const mostShards = 8;
/** Floats that one turn of a reduction or update handles: long enough to stream, short enough to share out. */
const chunkFloats = 16384;
const reservedBytes = 1024;
/** Between the scratch of two threads: neighbouring lines are prefetched, and equal offsets must not share cache sets. */
const guardBytes = 4096 + 192;

export function createPlan(network: Network, training: TrainingSpec | undefined, threads: number, keep: readonly string[], numerics: Numerics): { plan: EnginePlan; bytes: Uint8Array<ArrayBuffer> } {
  const infer = lowerNetwork(network, false, keep);
  const train = training && lowerNetwork(network, true, []);
  const parameters = planParameters(network, (layer) => {
    const map = infer.reads.get(layer.name)!;
    return { shape: map.shape, physical: map.physical };
  });
  const arena = new Arena(reservedBytes);
  const allFloats = parameters.reduce((sum, each) => sum + each.size, 0);
  const trainedBytes = 4 * parameters.filter((each) => each.trained).reduce((sum, each) => sum + each.size, 0);
  const parameterAddress = arena.take(4 * allFloats);

  let gradientAddress = 0, shardBytes = 0, shards = mostShards;
  if (train) {
    shardBytes = placeSums(train.build, trainedBytes, 0);
    shards = Math.max(1, Math.min(mostShards, Math.floor(gradientCopiesBytes / shardBytes)));
    gradientAddress = arena.take(shards * shardBytes);
    for (const sum of train.build.sums) {
      sum.address += gradientAddress;
      sum.strideBytes = shardBytes;
    }
  }
  const base = { parameters: parameterAddress, gradients: gradientAddress, shardBytes };
  for (const each of [infer, train]) if (each) placeShared(each.build, arena, parameters, base);
  const optimizer = training && train ? planOptimizer(training, parameters, trainedBytes, train.build, arena) : undefined;
  const turnedBlocks = train ? Int32Array.from(train.build.turned.flatMap(({ key, to, blocks }) => blocks.flatMap(([a, b]) => [train.build.parameter(key).address + a, to.address + b]))) : new Int32Array();

  const batchSize = training?.batchSize ?? 0;
  const microBatches = { infer: chooseMicroBatch(infer.build), train: train ? Math.min(chooseMicroBatch(train.build), Math.max(1, Math.ceil(batchSize / shards))) : 0 };
  // Each program has scratch of its own: the borders of one are cells of the other.
  const trainMemory = train && planProgram(train.build, microBatches.train, batchSize, { thread: 0, batch: arena.bytes });
  const inferMemory = planProgram(infer.build, microBatches.infer, 0, { thread: trainMemory?.threadBytes ?? 0, batch: 0 });
  if (trainMemory) arena.take(trainMemory.batchBytes);
  const scratchBytes = sixtyFour((trainMemory?.threadBytes ?? 0) + inferMemory.threadBytes) + guardBytes;
  const scratchAddress = arena.take(scratchBytes * threads);

  const module = new ModuleBuilder();
  const lossImport = module.import('loss', ['i32', 'i32', 'i32', 'i32', 'i32']);
  module.function('clear', ['i32', 'i32'], [], (f) => memoryFill(f.parameter(0).get(), f.parameter(1).get()));
  const programs = {
    infer: emitProgram(module, numerics, lossImport, 'infer', infer, inferMemory, microBatches.infer),
    train: train && emitProgram(module, numerics, lossImport, 'train', train, trainMemory!, microBatches.train),
  };
  if (training && optimizer) emitOptimizer(module, training, optimizer, shards, shardBytes);
  const pages = Math.ceil(arena.bytes / 65536);
  return {
    plan: { pages, shards, batchSize, parameters, parameterAddress, gradientAddress, shardBytes, scratchAddress, scratchBytes, ...programs, optimizer, spec: training, turnedBlocks },
    bytes: module.bytes(pages),
  };
}

const sixtyFour = (bytes: number): number => Math.ceil(bytes / 64) * 64;

function planOptimizer(training: TrainingSpec, parameters: readonly PlannedParameter[], trainedBytes: number, build: Builder, arena: Arena): OptimizerPlan {
  const { type, options } = training.optimizer;
  const optimizer = optimizerNamed(type)!;
  const states = [...optimizer.state(options)];
  const scalars = Object.keys(optimizer.scalars(options, { lr: 0, step: 1, decays: 0 })).sort();
  const chunks = parameters.flatMap(({ trained, size, offset, decay }, parameter) => !trained ? [] : Array.from({ length: Math.ceil(size / chunkFloats) }, (_, i) => ({
    offset: offset + i * chunkFloats, blocks: Math.min(chunkFloats, size - i * chunkFloats) / 16, decay, parameter,
  })));
  const blocks = build.turned.reduce((sum, each) => sum + each.blocks.length, 0);
  return {
    states, scalars, chunks, stateAddresses: states.map(() => arena.take(trainedBytes)),
    tables: [arena.take(4 * (scalars.length + 1)), arena.take(4 * (scalars.length + 1))],
    turned: { list: arena.take(8 * blocks), count: blocks },
  };
}

function emitOptimizer(module: ModuleBuilder, training: TrainingSpec, plan: OptimizerPlan, shards: number, shardBytes: number): void {
  const { type, options } = training.optimizer;
  emitReduce(module, 'reduce', shards, shardBytes);
  emitUpdate(module, 'update', optimizerNamed(type)!.update(options), plan.states, plan.scalars);
  emitTransposeBlocks(module, 'turn');
}

function emitProgram(module: ModuleBuilder, numerics: Numerics, lossImport: number, name: 'train' | 'infer', lowered: LoweredNetwork, memory: ProgramMemory, microBatch: number): ProgramPlan {
  const { build } = lowered;
  const placement = (map: FeatureMap): Placement => memory.placements.get(map)!;
  const context = { module, numerics, lossImport, layout: (map: FeatureMap) => placement(map).layout };
  const operations = inOrder(build).map((operation) => ({ phase: operation.phase, calls: operation.emit(context) }));
  for (let phase = 0; phase < build.phases; phase++) {
    const calls = operations.filter((operation) => operation.phase === phase).flatMap((operation) => operation.calls);
    module.function(`${name}.phase${phase}`, ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'], [], (f) =>
      calls.map((call) => module.call(call.function, ...call.arguments.map((argument) => argumentCode(f, argument, placement)))));
  }
  const lossMaps = build.operations.filter((operation) => operation.pass === 'loss').map((operation) => operation.reads[0]!);
  const access = (map: FeatureMap): MapAccess => {
    const { layout, home, address } = placement(map);
    return { shape: map.shape, home, address: address + 4 * layout.origin, column: layout.column, row: layout.row, image: layout.image };
  };
  return {
    name, phases: build.phases, microBatch, input: access(lowered.input),
    losses: build.losses.map((loss, i) => ({ ...loss, imageStride: placement(lossMaps[i]!).layout.image })),
    finales: build.finales.map((finale) => finale()), frozen: build.frozen.map((frozen) => frozen()),
    kept: [['output', access(lowered.logits)] as [string, MapAccess], ...[...lowered.kept].map(([key, map]): [string, MapAccess] => [key, access(map)])],
  };
}

/** Parameters of a phase function: first image of the batch, images, shard, step, seed, address of the thread's scratch. */
function argumentCode(f: FunctionBuilder, argument: Argument, placement: (map: FeatureMap) => Placement): Code {
  const [image, images, shard, step, seed, scratch] = [0, 1, 2, 3, 4, 5].map((i) => f.parameter(i).get()) as [Code, Code, Code, Code, Code, Code];
  if ('value' in argument) return i32.const(argument.value);
  if ('of' in argument) return { image, images, step, seed }[argument.of];
  const offset = 4 * (argument.offset ?? 0);
  if ('place' in argument) return i32.const(argument.place.address + offset);
  if ('shard' in argument) return i32.add(i32.mul(shard, i32.const(argument.shard.strideBytes)), i32.const(argument.shard.address + offset));
  const { layout, home, address } = placement(argument.map);
  const first = address + 4 * layout.origin + offset;
  return home === 'thread' ? i32.add(scratch, i32.const(first)) : i32.add(i32.mul(image, i32.const(4 * layout.image)), i32.const(first));
}
