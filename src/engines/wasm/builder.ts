/** Collects a program's maps and operations; resolves gradients where a map has several readers. */
import type { Padding, Shape } from '../../common/shape.ts';
import type { Methods } from './lower/method.ts';
import { emitClearChannels, emitMaps, type Compute } from './kernels/maps.ts';
import { f32x4, v128, type Code, type Local } from './emitter.ts';
import type { Work } from './stopwatch.ts';
import { sixteens, type Call, type Derived, type EmitContext, type FeatureMap, type Finale, type Frozen, type LossPlan, type Operation, type Pass, type Place, type ShardPlace } from './program.ts';

/** What is folded into the operation that makes a gradient: `+ addend`, then zero where `mask` is not positive. */
export interface Folded { addend?: FeatureMap; mask?: FeatureMap }

/** One reader's share of the gradient to a map. */
export interface Contribution {
  canAdd: boolean;
  canMask: boolean;
  produce(folded: Folded): FeatureMap;
}

export interface NewOperation {
  layer: string;
  pass: Pass;
  reads: readonly FeatureMap[];
  writes: readonly FeatureMap[];
  /** Not before this phase (what a finale has computed is there in the phase after it). */
  from?: number;
  emit(context: EmitContext): Call[];
  sums?: Place;
  finish?(context: EmitContext): Call[];
  work?: Work;
}

/** What the programs for training and inference have in common: places of parameters and of everything derived from them. */
export interface Shared {
  parameters: Map<string, Place>;
  derived: Map<string, Derived>;
  /** 16×16 blocks of weights that are turned after every update: byte offsets in the parameter and in its turned copy. */
  turned: Map<string, { to: Place; blocks: [from: number, to: number][] }>;
}

export const createShared = (): Shared => ({ parameters: new Map(), derived: new Map(), turned: new Map() });

export class Builder {
  readonly operations: Operation[] = [];
  readonly maps: FeatureMap[] = [];
  readonly finales: (() => Finale)[] = [];
  /** Scale and shift from running statistics, made before inference. */
  readonly frozen: (() => Frozen)[] = [];
  readonly losses: LossPlan[] = [];
  /** Places that memory.ts gives addresses: shared ones and one copy per shard. */
  readonly places: Place[] = [];
  readonly sums: ShardPlace[] = [];
  readonly gradientPlaces = new Map<string, ShardPlace>();
  phases = 1;
  private readonly workspaces: ((microBatch: number) => number)[] = [];
  private readonly contributions = new Map<FeatureMap, Contribution[]>();

  /** `training`: batch statistics, dropout and gradients. */
  /** `methods`: which convolution methods may be chosen. */
  constructor(readonly training: boolean, readonly shared: Shared, readonly methods: Methods) {}

  map(shape: Shape, of: Partial<Pick<FeatureMap, 'relu' | 'exclusive' | 'physical'>> = {}): FeatureMap {
    const map: FeatureMap = {
      id: this.maps.length, shape, border: { top: 0, left: 0, bottom: 0, right: 0 },
      physical: of.physical ?? sixteens(shape.channels), relu: of.relu ?? false, exclusive: of.exclusive ?? false, phase: 0,
    };
    this.maps.push(map);
    return map;
  }

  /** Zeros that a reader needs around a map. */
  needBorder(map: FeatureMap, border: Padding): void {
    for (const side of ['top', 'left', 'bottom', 'right'] as const) map.border[side] = Math.max(map.border[side], border[side]);
  }

  /** Appends an operation, in the earliest phase that has its inputs. Returns the phase. */
  operation(added: NewOperation): number {
    const phase = Math.max(added.from ?? 0, ...added.reads.map((map) => map.phase));
    for (const map of added.writes) map.phase = phase;
    this.operations.push({ ...added, phase });
    this.phases = Math.max(this.phases, phase + 1);
    return phase;
  }

  place(bytes: number): Place {
    const place = { bytes, address: 0 };
    this.places.push(place);
    return place;
  }

  shardSums(bytes: number): ShardPlace {
    const place = { bytes, address: 0, strideBytes: 0 };
    this.sums.push(place);
    return place;
  }

  /** The parameter `LAYER.name`; absent tensors give undefined. */
  parameter(key: string): Place {
    return known(this.shared.parameters, key, () => ({ bytes: 0, address: 0 }));
  }

  gradient(key: string): ShardPlace {
    return known(this.gradientPlaces, key, () => ({ bytes: 0, address: 0, strideBytes: 0 }));
  }

  /** Another form of a parameter, one for all who ask for it by this name. */
  derived(key: string, form: string, floats: number, create: (to: Place) => Derived): Place {
    return known(this.shared.derived, `${key}/${form}`, () => create({ bytes: 4 * floats, address: 0 })).to;
  }

  /** The turned copy of a parameter; `blocks` lists its 16×16 blocks. */
  turned(key: string, floats: number, blocks: () => [from: number, to: number][]): Place {
    return known(this.shared.turned, key, () => ({ to: { bytes: 4 * floats, address: 0 }, blocks: blocks() })).to;
  }

  /** An operation needs this much memory of the thread while it runs. */
  needWorkspace(bytes: (microBatch: number) => number): void {
    this.workspaces.push(bytes);
  }

  workspaceBytes(microBatch: number): number {
    return Math.max(0, ...this.workspaces.map((bytes) => bytes(microBatch)));
  }

  contribute(map: FeatureMap, contribution: Contribution): void {
    known(this.contributions, map, () => []).push(contribution);
  }

  /** The gradient to a map (already through its ReLU), made from all its readers' shares; undefined when nobody wants it. */
  gradientOf(map: FeatureMap, layer: string): FeatureMap | undefined {
    const shares = [...(this.contributions.get(map) ?? [])].sort((a, b) => Number(a.canAdd) - Number(b.canAdd));
    let total: FeatureMap | undefined;
    shares.forEach((share, i) => {
      const mask = map.relu && i === shares.length - 1 ? map : undefined;
      const addend = total;
      const foldsAll = (!addend || share.canAdd) && (!mask || share.canMask);
      total = foldsAll ? share.produce({ addend, mask }) : this.fold(share.produce({}), { addend, mask }, layer);
    });
    return total;
  }

  /** (gradient + addend), zero where the mask is not positive; the gradient itself when there is nothing to do. */
  fold(gradient: FeatureMap, { addend, mask }: Folded, layer: string): FeatureMap {
    if (!addend && !mask) return gradient;
    return this.elementwise(layer, 'data', [gradient, ...foldedMaps({ addend, mask })], gradient.shape, (_, values) =>
      foldInto(values[0].get(), values.slice(1), { addend, mask }));
  }

  /** Compares logits with the labels; in training the gradient starts here. */
  loss(layer: string, logits: FeatureMap, plan: LossPlan): void {
    const index = this.losses.push(plan) - 1;
    const gradient = this.map(logits.shape);
    this.operation({
      layer, pass: 'loss', reads: [logits], writes: [gradient],
      emit: ({ lossImport }) => [{ function: lossImport, arguments: [{ value: index }, { map: logits }, { map: gradient }, { of: 'image' }, { of: 'images' }] }],
    });
    if (this.training) this.pass(logits, gradient, layer, true);
  }

  /** A share of the gradient that `write` puts into a map of its own; nothing can be folded into that. */
  contributeMap(input: FeatureMap, write: (result: FeatureMap) => void): void {
    const produce = (): FeatureMap => {
      const result = this.map(input.shape);
      write(result);
      return result;
    };
    this.contribute(input, { canAdd: false, canMask: false, produce });
  }

  /** The gradient reaches this input unchanged. */
  pass(map: FeatureMap, gradient: FeatureMap, layer: string, wanted: boolean | undefined): void {
    if (wanted) this.contribute(map, { canAdd: true, canMask: true, produce: (folded) => this.fold(gradient, folded, layer) });
  }

  /** Zeros in the channels that only pad to a multiple of 16. */
  clearPadding(layer: string, pass: Pass, map: FeatureMap): void {
    const { shape, physical } = map;
    if (shape.channels === physical) return;
    this.operation({
      layer, pass, reads: [map], writes: [map],
      emit: ({ module, layout }) => [{
        function: emitClearChannels(module, `${layer}.padding`, { rows: shape.height, columns: shape.width, channels: physical - shape.channels, steps: layout(map) }),
        arguments: [{ map, offset: shape.channels }, { of: 'images' }],
      }],
    });
  }

  /** A map computed element by element from others of its shape; the elements of `flat` follow each other without border. */
  elementwise(layer: string, pass: Pass, reads: readonly FeatureMap[], shape: Shape, compute: Compute, relu = false, flat?: FeatureMap): FeatureMap {
    const result = this.map(shape, { relu });
    const maps = [...reads, result];
    this.operation({
      layer, pass, reads, writes: [result],
      emit: ({ module, layout }) => {
        const rowLength = shape.width * result.physical;
        const spec = { rows: shape.height, rowLength, maps: maps.map((map) => ({ row: map === flat ? rowLength : layout(map).row, image: layout(map).image })) };
        const index = emitMaps(module, `${layer}.${pass}.${result.id}`, spec, compute);
        return [{ function: index, arguments: [...maps.map((map) => ({ map })), { of: 'images' }] }];
      },
    });
    return result;
  }
}

/** value + addend, zero where the mask is not positive; `others` holds the addend (if any), then the mask (if any). */
export function foldInto(value: Code, others: readonly Local[], { addend, mask }: Folded, before: Code = []): { before: Code; value: Code } {
  const sum = addend ? f32x4.add(value, others[0].get()) : value;
  return { before, value: mask ? v128.and(sum, f32x4.gt(others.at(-1)!.get(), v128.zero)) : sum };
}

/** The maps of what is folded in, in the order that `foldInto` expects. */
export const foldedMaps = ({ addend, mask }: Folded): FeatureMap[] => [...(addend ? [addend] : []), ...(mask ? [mask] : [])];

function known<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = create()));
  return value;
}
