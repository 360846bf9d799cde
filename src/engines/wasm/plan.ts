/**
 * From a network to a plan that threads can run: addresses, one WebAssembly module, one function for each phase. A phase
 * function takes a few images through all operations of the phase; everything else about a step is in thread.ts.
 */
import type { Shape } from '../../common/shape.ts';
import type { TrainingSpec } from '../engine.ts';
import { multiplyAdds, type Network } from '../../network/network.ts';
import { optimizerNamed, withPenalty } from '../../optimizers/index.ts';
import { createShared, type Shared } from './builder.ts';
import { i32, memoryFill, ModuleBuilder, reservedBytes, type Code, type FunctionBuilder } from './emitter.ts';
import type { Numerics } from './kernels/numerics.ts';
import { emitTransposeBlocks } from './kernels/transpose.ts';
import { emitReduce, emitUpdate } from './kernels/update.ts';
import { lowerNetwork, type LoweredNetwork } from './lower/index.ts';
import type { Methods } from './lower/method.ts';
import { Arena, chooseMicroBatch, chooseShards, inOrder, placeProgram, placeShared, placeSums, planProgram, type Placement, type ProgramMemory } from './memory.ts';
import { planParameters, type PlannedParameter } from './parameters.ts';
import { surroundings, type TimedCall } from './stopwatch.ts';
import { sixteens, type Argument, type Call, type EmitContext, type FeatureMap, type Finale, type Frozen, type LossPlan } from './program.ts';

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
  kept: { name: string; shape: Shape; access: MapAccess }[];
  /** Whether a phase has work at the start and at the end of a shard. */
  shardWork: boolean[];
  workspace: number;
  /** Where every call is timed by itself. */
  timed?: TimedCall[];
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
}

/** Other forms of the weights, made after loading and after every update. Plain data. */
export interface DerivedPlan {
  /** A list of (from, to) addresses of 16×16 blocks to turn. */
  turned: { list: number; count: number };
  /** Then: functions(from, to, temporary, blocks), whose blocks are shared out among the threads. */
  steps: { function: string; from: number; to: number; blocks: number; fromBytes: number; toBytes: number }[];
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
  derived: DerivedPlan;
  spec?: TrainingSpec;
  /** The layer that takes most of the memory, and how much. */
  largest: { layer: string; bytes: number };
  /** What `derived.turned.list` holds: to be written to memory once. */
  turnedBlocks: Int32Array;
}

/** Floats that one turn of a reduction or update handles: long enough to stream, short enough to share out. */
const chunkFloats = 16384;
/** Between the scratch of two threads: neighbouring lines are prefetched, and equal offsets must not share cache sets. */
const guardBytes = 4096 + 192;

/** Bytes that an engine for the network takes, images not counted: what it will use is known without making it. */
export function plannedBytes(network: Network, training: TrainingSpec | undefined, threads: number): number {
  return layOut(network, training, { threads, keep: [], methods: 'all' }).arena.bytes;
}

/** Everything in its place; what is inferred here is all that emission needs. */
function layOut(network: Network, training: TrainingSpec | undefined, { threads, keep, methods, shards: wanted }: Pick<PlanOptions, 'threads' | 'keep' | 'methods' | 'shards'>) {
  const shared = createShared();
  const infer = lowerNetwork(network, { training: false, keep, shared, methods });
  const train = training && lowerNetwork(network, { training: true, keep, shared, methods });
  // Without training, nothing reads the weights of auxiliary heads: any arrangement will do.
  const parameters = planParameters(network, (layer) => {
    const { shape } = network.layers[layer.inputs[0]];
    return (train ?? infer).reads.get(layer.name) ?? { shape, physical: sixteens(shape.channels) };
  });
  const arena = new Arena(reservedBytes);
  const allFloats = parameters.reduce((sum, each) => sum + each.size, 0);
  const trainedBytes = 4 * parameters.filter((each) => each.trained).reduce((sum, each) => sum + each.size, 0);
  const derivedBytes = [...shared.derived.values()].reduce((sum, { to }) => sum + to.bytes, 0);
  const parameterAddress = arena.take(4 * allFloats);

  const batchSize = training?.batchSize ?? 0;
  // Read forward and for the gradient to the data; the gradient read and written.
  const weightBytes = 4 * (4 * allFloats) + 2 * derivedBytes;
  let gradientAddress = 0, shardBytes = 0, shards = 0;
  if (train) {
    shardBytes = placeSums(train.build, trainedBytes, 0);
    shards = wanted ?? chooseShards({ multiplyAdds: multiplyAdds(network), weightBytes, copyBytes: shardBytes, batchSize });
    gradientAddress = arena.take(shards * shardBytes);
    for (const sum of train.build.sums) {
      sum.address += gradientAddress;
      sum.strideBytes = shardBytes;
    }
  }
  placeShared(shared, arena, parameters, parameterAddress);
  for (const each of [infer, train]) if (each) placeProgram(each.build, arena, parameters, { gradients: gradientAddress, shardBytes });
  const optimizer = training && train ? planOptimizer(training, parameters, trainedBytes, arena) : undefined;
  const turnedBlocks = Int32Array.from([...shared.turned].flatMap(([key, { to, blocks }]) =>
    blocks.flatMap(([a, b]) => [shared.parameters.get(key)!.address + a, to.address + b])));
  const turned = { list: arena.take(turnedBlocks.byteLength), count: turnedBlocks.length / 2 };

  const microBatches = {
    infer: chooseMicroBatch(infer.build, 4 * allFloats + derivedBytes / 2, Infinity),
    train: train ? chooseMicroBatch(train.build, weightBytes, Math.ceil(batchSize / shards)) : 0,
  };
  // Each program has scratch of its own: the borders of one are cells of the other.
  const trainMemory = train && planProgram(train.build, microBatches.train, batchSize, { thread: 0, batch: arena.bytes });
  const inferMemory = planProgram(infer.build, microBatches.infer, 0, { thread: trainMemory?.threadBytes ?? 0, batch: 0 });
  if (trainMemory) arena.take(trainMemory.batchBytes);
  const scratchBytes = sixtyFour((trainMemory?.threadBytes ?? 0) + inferMemory.threadBytes) + guardBytes;
  const scratchAddress = arena.take(scratchBytes * threads);
  const addresses = { parameterAddress, gradientAddress, scratchAddress };
  return { arena, shared, infer, train, parameters, optimizer, turnedBlocks, turned, shards, shardBytes, batchSize, microBatches, trainMemory, inferMemory, scratchBytes, ...addresses };
}

/** Slots of a stopwatch that times everything in the plan; kernel calls come first. */
export function slotsOf({ train, infer }: Pick<EnginePlan, 'train' | 'infer'>): { calls: number; all: number } {
  const calls = (train?.timed?.length ?? 0) + (infer.timed?.length ?? 0);
  return { calls, all: calls + surroundings.length };
}

export interface PlanOptions {
  threads: number;
  keep: readonly string[];
  numerics: Numerics;
  methods: Methods;
  /** In place of the number that the network and the batch lead to. */
  shards?: number;
  /** Every kernel call as a function of its own. */
  timed: boolean;
}

export function createPlan(
  network: Network, training: TrainingSpec | undefined, how: PlanOptions,
): { plan: EnginePlan; bytes: Uint8Array<ArrayBuffer> } {
  const { numerics } = how;
  const layout = layOut(network, training, how);
  const { arena, shared, infer, train, parameters, optimizer, turnedBlocks, turned, shards, shardBytes, batchSize } = layout;
  const { microBatches, trainMemory, inferMemory, scratchBytes } = layout;
  const { parameterAddress, gradientAddress, scratchAddress } = layout;
  const module = new ModuleBuilder();
  const lossImport = module.import('loss', ['i32', 'i32', 'i32', 'i32', 'i32']);
  module.function('clear', ['i32', 'i32'], [], (f) => memoryFill(f.parameter(0).get(), f.parameter(1).get()));
  const emit = (name: 'train' | 'infer', lowered: LoweredNetwork, memory: ProgramMemory, firstSlot: number): ProgramPlan =>
    emitProgram(module, { numerics, lossImport, microBatch: microBatches[name], firstSlot, timed: how.timed }, name, lowered, memory);
  const inferProgram = emit('infer', infer, inferMemory, 0);
  const programs = { infer: inferProgram, train: train && emit('train', train, trainMemory!, inferProgram.timed?.length ?? 0) };
  const derived = { turned, steps: emitDerived(module, numerics, shared) };
  if (training && optimizer) emitOptimizer(module, training, optimizer, shards, shardBytes);
  const pages = Math.ceil(arena.bytes / 65536);
  return {
    plan: {
      pages, shards, batchSize, parameters, parameterAddress, gradientAddress, shardBytes, scratchAddress, scratchBytes, ...programs, optimizer, derived, spec: training, turnedBlocks,
      largest: largestLayer(train ?? infer, trainMemory ?? inferMemory, parameters, { shards, batchSize, microBatch: Math.max(microBatches.train, microBatches.infer) }),
    },
    bytes: module.bytes(pages),
  };
}

/** Maps, and parameters with their gradients and the optimizer's state. */
function largestLayer(
  { build }: LoweredNetwork, memory: ProgramMemory, parameters: readonly PlannedParameter[],
  { shards, batchSize, microBatch }: { shards: number; batchSize: number; microBatch: number },
): EnginePlan['largest'] {
  const bytes = new Map<string, number>();
  const count = (layer: string, more: number): void => { bytes.set(layer, (bytes.get(layer) ?? 0) + more); };
  for (const { layer, writes } of build.operations) {
    for (const map of writes) {
      const { layout, home } = memory.placements.get(map)!;
      count(layer, 4 * layout.image * (home === 'batch' ? batchSize : microBatch));
    }
  }
  for (const { layer, size } of parameters) count(layer, 4 * size * (build.training ? shards + 4 : 1));
  const [layer, most] = [...bytes].reduce((a, b) => (b[1] > a[1] ? b : a), ['input', 0]);
  return { layer, bytes: most };
}

const sixtyFour = (bytes: number): number => Math.ceil(bytes / 64) * 64;

function planOptimizer(training: TrainingSpec, parameters: readonly PlannedParameter[], trainedBytes: number, arena: Arena): OptimizerPlan {
  const { type, options } = training.optimizer;
  const optimizer = withPenalty(optimizerNamed(type)!, training.penalty);
  const states = [...optimizer.state(options)];
  const scalars = Object.keys(optimizer.scalars(options, { lr: 0, step: 1, decays: 0 })).sort();
  const chunks = parameters.flatMap(({ trained, size, offset, decay }, parameter) => !trained ? [] : Array.from({ length: Math.ceil(size / chunkFloats) }, (_, i) => ({
    offset: offset + i * chunkFloats, blocks: Math.min(chunkFloats, size - i * chunkFloats) / 16, decay, parameter,
  })));
  return {
    states, scalars, chunks, stateAddresses: states.map(() => arena.take(trainedBytes)),
    tables: [arena.take(4 * (scalars.length + 1)), arena.take(4 * (scalars.length + 1))],
  };
}

function emitOptimizer(module: ModuleBuilder, training: TrainingSpec, plan: OptimizerPlan, shards: number, shardBytes: number): void {
  const { type, options } = training.optimizer;
  emitReduce(module, 'reduce', shards, shardBytes);
  emitUpdate(module, 'update', withPenalty(optimizerNamed(type)!, training.penalty).update(options), plan.states, plan.scalars);
}

function emitDerived(module: ModuleBuilder, numerics: Numerics, shared: Shared): DerivedPlan['steps'] {
  emitTransposeBlocks(module, 'turn');
  return [...shared.derived.values()].map(({ from, to, blocks, blockFloats, pointBlockFloats, emit }) => ({
    function: module.nameOf(emit(module, numerics)), from: from.address, to: to.address, blocks, fromBytes: 4 * blockFloats, toBytes: 4 * pointBlockFloats,
  }));
}

interface EmitOptions { numerics: Numerics; lossImport: number; microBatch: number; timed: boolean; firstSlot: number }

function emitProgram(module: ModuleBuilder, options: EmitOptions, name: 'train' | 'infer', lowered: LoweredNetwork, memory: ProgramMemory): ProgramPlan {
  const { build } = lowered;
  const { numerics, lossImport, microBatch } = options;
  const placement = (map: FeatureMap): Placement => memory.placements.get(map)!;
  const context: EmitContext = { module, numerics, lossImport, microBatch, layout: (map: FeatureMap) => placement(map).layout };
  const operations = inOrder(build);
  const signature = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const;
  const phases = Array.from({ length: build.phases }, (_, phase) => operations.filter((operation) => operation.phase === phase));
  const code = (f: FunctionBuilder, calls: readonly Call[]): Code =>
    calls.map((call) => module.call(call.function, ...call.arguments.map((argument) => argumentCode(f, argument, placement, memory.workspace))));
  const timed: TimedCall[] = [];
  phases.forEach((inPhase, phase) => {
    const calls = inPhase.map((operation) => operation.emit(context));
    module.function(`${name}.phase${phase}`, signature, [], (f) => code(f, calls.flat()));
    if (options.timed) {
      inPhase.forEach(({ layer, pass, work }, i) => calls[i].forEach((call, j) => {
        const index = module.function(`${name}.call`, signature, [], (f) => code(f, [call]));
        const kernel = call.function === lossImport ? 'loss' : module.nameOf(call.function);
        timed.push({ layer, pass, kernel, phase, slot: options.firstSlot + timed.length, function: module.nameOf(index), ...(j === 0 ? { work } : {}) });
      }));
    }
    const finish = inPhase.flatMap((operation) => operation.finish?.(context) ?? []);
    if (finish.length === 0) return;
    module.function(`${name}.start${phase}`, signature, [], (f) =>
      inPhase.flatMap(({ sums }) => (sums ? [i32.store(f.parameter(5).get(), i32.const(1), sums.address)] : [])));
    module.function(`${name}.finish${phase}`, signature, [], (f) => code(f, finish));
  });
  const lossMaps = build.operations.filter((operation) => operation.pass === 'loss').map((operation) => operation.reads[0]);
  const access = (map: FeatureMap): MapAccess => {
    const { layout, home, address } = placement(map);
    return { shape: map.shape, home, address: address + 4 * layout.origin, column: layout.column, row: layout.row, image: layout.image };
  };
  return {
    name, phases: build.phases, microBatch, input: access(lowered.input),
    losses: build.losses.map((loss, i) => ({ ...loss, imageStride: placement(lossMaps[i]).layout.image })),
    finales: build.finales.map((finale) => finale()), frozen: build.frozen.map((frozen) => frozen()),
    workspace: memory.workspace, shardWork: phases.map((inPhase) => inPhase.some((operation) => operation.finish !== undefined)),
    kept: lowered.kept.map(({ name: key, map, shape }) => ({ name: key, shape, access: access(map) })), ...(options.timed ? { timed } : {}),
  };
}

/** Parameters of a phase function: first image of the batch, images, shard, step, seed, address of the thread's scratch. */
function argumentCode(f: FunctionBuilder, argument: Argument, placement: (map: FeatureMap) => Placement, workspace: number): Code {
  const [image, images, shard, step, seed, scratch] = [0, 1, 2, 3, 4, 5].map((i) => f.parameter(i).get()) as [Code, Code, Code, Code, Code, Code];
  if ('value' in argument) return i32.const(argument.value);
  if ('threadPlace' in argument) return i32.add(scratch, i32.const(argument.threadPlace.address + 4 * (argument.offset ?? 0)));
  if ('workspace' in argument) return i32.add(scratch, i32.const(workspace + argument.workspace));
  if ('of' in argument) return { image, images, step, seed }[argument.of];
  const offset = 4 * (argument.offset ?? 0);
  if ('place' in argument) return i32.const(argument.place.address + offset);
  if ('shard' in argument) return i32.add(i32.mul(shard, i32.const(argument.shard.strideBytes)), i32.const(argument.shard.address + offset));
  const { layout, home, address } = placement(argument.map);
  const first = address + 4 * layout.origin + offset;
  return home === 'thread' ? i32.add(scratch, i32.const(first)) : i32.add(i32.mul(image, i32.const(4 * layout.image)), i32.const(first));
}
