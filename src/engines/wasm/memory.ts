/**
 * The static memory plan: every byte the engine will use, laid out before the first step. From liveness: maps that are read
 * in a later phase keep a slot for every image of the batch, the others one for the few images that a thread has in hand.
 * Slots are shared only by maps of the same geometry, so that borders stay zero without ever being cleared.
 */
import type { Builder, Shared } from './builder.ts';
import type { PlannedParameter } from './parameters.ts';
import { layoutOf, type FeatureMap, type Layout } from './program.ts';

/** Where a map is: `perImage` bytes apart; `thread`: from the thread's own scratch memory, else absolute. */
export interface Placement {
  layout: Layout;
  home: 'batch' | 'thread';
  address: number;
}

export interface ProgramMemory {
  placements: Map<FeatureMap, Placement>;
  /** Address of the workspace in the thread's scratch. */
  workspace: number;
  /** Bytes of one thread's scratch, of the maps in it, and of the batch's maps. */
  threadBytes: number;
  mapBytes: number;
  batchBytes: number;
}

/** Hands out addresses, 64-byte aligned. */
export class Arena {
  constructor(public bytes: number) {}

  take(bytes: number): number {
    const address = this.bytes;
    this.bytes = address + Math.ceil(bytes / 64) * 64;
    return address;
  }
}

/** Activations of a micro-batch that a thread finds again soon enough: more than its second-level cache, because the last layers' are wanted first. */
const activationBytes = 1536 * 1024;
/** Weights that a micro-batch moves in a phase and that the next one still finds in the third-level cache. */
const nearWeightBytes = 16 * 2 ** 20;
const largestMicroBatch = 32;
/** Activations of a micro-batch of a network with large weights may take so much of a thread's memory, in training and in inference. */
const mostActivationBytes = { train: 128 * 2 ** 20, infer: 32 * 2 ** 20 };

/**
 * Images that a thread takes at a time through all operations. More of them share each reading of the weights (and, in training,
 * each adding to their gradients), fewer leave the activations in the cache: weights from memory cost most, then activations.
 * `weightBytes`: moved once for every micro-batch. Results do not depend on it. Measured: DeepConvNet takes 3, up to 6 are equally
 * good; a VGG of 256 channels trains 1.5 times as fast with 8 as with 1.
 */
export function chooseMicroBatch(build: Builder, weightBytes: number, most: number): number {
  const highest = Math.max(1, Math.min(largestMicroBatch, most));
  const [one, two] = [1, 2].map((images) => planProgram(build, images, 1, { thread: 0, batch: 0 }).mapBytes) as [number, number];
  const bytes = weightBytes / build.phases > nearWeightBytes ? mostActivationBytes[build.training ? 'train' : 'infer'] : activationBytes;
  return Math.max(1, Math.min(highest, Math.round(bytes / Math.max(1, two - one))));
}

/** Copies of the gradients that the shards may take together. */
const gradientCopiesBytes = 512 * 2 ** 20;
/** What a thread reads from memory in a second, and multiply-adds that it makes (of the definition; Winograd makes fewer): for comparison only. */
const bytesPerSecond = 15e9, multiplyAddsPerSecond = 65e9;

/**
 * Parts into which a batch is cut, each with its own gradients: 8, so that so many threads have work, but half as many where large
 * weights would take more than a fifth of a shard's time, and no more than copies of the gradients fit. A function of the network
 * and the batch alone: it decides the order of sums.
 */
export function chooseShards(work: { multiplyAdds: number; weightBytes: number; copyBytes: number; batchSize: number }): number {
  // Three passes, at a third of the multiply-adds.
  const computing = (work.multiplyAdds * work.batchSize) / multiplyAddsPerSecond;
  const most = work.weightBytes > nearWeightBytes && (8 * work.weightBytes) / bytesPerSecond > computing / 5 ? 4 : 8;
  return Math.max(2, Math.min(most, Math.floor(gradientCopiesBytes / work.copyBytes)));
}

interface Life { map: FeatureMap; layout: Layout; home: 'batch' | 'thread'; first: number; last: number }

/** `start`: first byte for whole-batch maps, and for a thread's maps (relative to the thread's scratch). */
export function planProgram(build: Builder, microBatch: number, batchSize: number, start: { thread: number; batch: number }): ProgramMemory {
  const operations = inOrder(build);
  const lives = new Map<FeatureMap, Life>();
  const phases = new Map<FeatureMap, Set<number>>();
  operations.forEach((operation, position) => {
    for (const map of [...operation.reads, ...operation.writes]) {
      const life = lives.get(map) ?? { map, layout: layoutOf(map), home: 'thread', first: position, last: position };
      life.last = position;
      lives.set(map, life);
      phases.set(map, (phases.get(map) ?? new Set()).add(operation.phase));
    }
  });
  for (const life of lives.values()) {
    if (phases.get(life.map)!.size > 1) life.home = 'batch';
  }
  const arenas = { thread: new Arena(start.thread), batch: new Arena(start.batch) };
  const placements = new Map<FeatureMap, Placement>();
  const free = new Map<string, { address: number; until: number }[]>();
  for (const life of [...lives.values()].sort((a, b) => a.first - b.first)) {
    const images = life.home === 'batch' ? batchSize : microBatch;
    const bytes = 4 * life.layout.image * images;
    const slots = free.get(geometry(life)) ?? [];
    free.set(geometry(life), slots);
    let slot = life.map.exclusive ? undefined : slots.find(({ until }) => until < life.first);
    if (!slot) {
      slot = { address: arenas[life.home].take(bytes), until: 0 };
      if (!life.map.exclusive) slots.push(slot);
    }
    slot.until = life.last;
    placements.set(life.map, { layout: life.layout, home: life.home, address: slot.address });
  }
  const mapBytes = arenas.thread.bytes - start.thread;
  // Thread sums live for a whole shard, the workspace for one operation.
  for (const { sums } of operations) if (sums) sums.address = arenas.thread.take(sums.bytes);
  const workspace = arenas.thread.take(build.workspaceBytes(microBatch));
  return { placements, workspace, mapBytes, threadBytes: arenas.thread.bytes - start.thread, batchBytes: arenas.batch.bytes - start.batch };
}

/** Maps with equal keys may share a slot: the same cells are written, the same stay zero. */
function geometry({ map, layout, home }: Life): string {
  const { shape, border } = map;
  return [home, shape.channels, map.physical, shape.height, shape.width, border.top, border.left, layout.row, layout.image].join();
}

/** By phase, then in the order of construction. */
export function inOrder(build: Builder): Builder['operations'] {
  return build.operations.map((operation, i) => ({ operation, i })).sort((a, b) => a.operation.phase - b.operation.phase || a.i - b.i).map(({ operation }) => operation);
}

/** Gives a program's places their addresses. Gradients and sums lie in one stretch per shard. */
export function placeProgram(build: Builder, arena: Arena, parameters: readonly PlannedParameter[], base: { gradients: number; shardBytes: number }): void {
  for (const parameter of parameters) {
    const gradient = build.gradient(parameter.key);
    gradient.address = base.gradients + 4 * parameter.offset;
    gradient.strideBytes = base.shardBytes;
  }
  for (const place of build.places) place.address = arena.take(place.bytes);
}

/** Gives parameters, and everything made from them, their addresses. */
export function placeShared(shared: Shared, arena: Arena, parameters: readonly PlannedParameter[], parameterAddress: number): void {
  for (const { key, offset } of parameters) {
    const place = shared.parameters.get(key) ?? { bytes: 0, address: 0 };
    place.address = parameterAddress + 4 * offset;
    shared.parameters.set(key, place);
  }
  for (const { to } of [...shared.turned.values(), ...shared.derived.values()]) to.address = arena.take(to.bytes);
}

/** Bytes of one shard's copy: the gradients of all trained parameters, then the sums. */
export function placeSums(build: Builder, gradientBytes: number, base: number): number {
  const arena = new Arena(gradientBytes);
  for (const sum of build.sums) sum.address = base + arena.take(sum.bytes);
  for (const sum of build.sums) sum.strideBytes = 0;
  return arena.bytes;
}
