/**
 * Checkpoints of a run, in `checkpoints/`:
 *
 *     state-000012000.safetensors   all that resuming needs, in one file, hence one atomic unit: `model/conv1.weight`,
 *                                   `optimizer/adam.first_moment/conv1.weight`, and the training state in the metadata;
 *                                   the last two steps' are kept
 *     last.safetensors              the weights alone, for `exp eval`, PyTorch and others
 *     best.safetensors              those of the best epoch
 *
 * Every file is sealed with checksums; a state that does not verify is passed over for the one before.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeSystemError, naming, writeDurably } from '../common/durable.ts';
import { nodeFileSystem } from '../common/file-system.ts';
import type { FileSystem } from '../common/file-system.ts';
import { isRecord, toJson } from '../common/json.ts';
import { encodeTensors, parseTensors } from '../common/safetensors.ts';
import type { TensorFile } from '../common/safetensors.ts';
import type { Tensors } from '../common/tensor.ts';
import type { TrainingState } from '../training/state.ts';
import type { Identity } from './record.ts';

export interface Checkpoint {
  state: TrainingState;
  /** Lengths of the files that only grow, in bytes, when this was written. */
  lengths: Readonly<Record<string, number>>;
  identity: Identity;
  model: Tensors;
  optimizer: Tensors;
}

export interface FoundCheckpoint {
  checkpoint?: Checkpoint;
  /** States that do not verify, newest first. */
  passedOver: readonly { file: string; reason: string }[];
}

const stateName = /^state-(\d{9,})\.safetensors$/;
const kept = 2;
const metadataKey = 'exp';

/** Bytes on the disk at most, while the third state is written beside the two that are kept. `tensors`: as an engine saves them. */
export function checkpointBytes({ model, optimizer }: { model: Tensors; optimizer: Tensors }): number {
  const bytesOf = (tensors: Tensors): number => [...tensors.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
  const weights = bytesOf(model);
  return 3 * weights + (kept + 1) * (weights + bytesOf(optimizer));
}

/** Writes the weights, then the state (which makes the checkpoint valid), then removes states older than the last two. */
export function writeCheckpoint(directory: string, checkpoint: Checkpoint, isBest: boolean, files: FileSystem = nodeFileSystem): void {
  const { state, lengths, identity, model, optimizer } = checkpoint;
  const weights = encodeTensors(model, { epoch: `${state.epoch}`, step: `${state.step}`, format: 'pt' });
  if (isBest) writeDurably(join(directory, 'best.safetensors'), weights, files);
  writeDurably(join(directory, 'last.safetensors'), weights, files);
  const tensors = new Map([...prefixed('model/', model), ...prefixed('optimizer/', optimizer)]);
  const metadata = { [metadataKey]: toJson({ version: 1, state, lengths, identity }) };
  const name = `state-${String(state.step).padStart(9, '0')}.safetensors`;
  writeDurably(join(directory, name), encodeTensors(tensors, metadata), files);
  removeOlder(directory, state.step, files);
}

/** The newest state that verifies. */
export function findCheckpoint(directory: string): FoundCheckpoint {
  const passedOver: { file: string; reason: string }[] = [];
  for (const { name } of states(readdirSync(directory)).toReversed()) {
    const file = join(directory, name);
    try {
      return { checkpoint: readState(readFileSync(file)), passedOver };
    } catch (error) {
      passedOver.push({ file, reason: describeSystemError(error) });
    }
  }
  return { passedOver };
}

/** The weights in a file of ours or of others. Throws TensorFileError, or a system error where it cannot be read. */
export function readWeights(file: string): TensorFile {
  return parseTensors(readFileSync(file));
}

function readState(bytes: Uint8Array): Checkpoint {
  const { tensors, metadata, sealed } = parseTensors(bytes);
  if (!sealed) throw new Error('it has no checksums');
  const content: unknown = JSON.parse(metadata[metadataKey] ?? 'null');
  if (!isContent(content)) throw new Error('it holds no training state that this version knows');
  return { ...content, model: withPrefix('model/', tensors), optimizer: withPrefix('optimizer/', tensors) };
}

/** The seal tells that we wrote it; what remains to be told apart is the version. */
function isContent(value: unknown): value is Pick<Checkpoint, 'state' | 'lengths' | 'identity'> {
  return isRecord(value) && value['version'] === 1 && isRecord(value['state']) && isRecord(value['lengths']) && isRecord(value['identity']);
}

function removeOlder(directory: string, step: number, files: FileSystem): void {
  const older = states(naming(directory, () => files.list(directory))).filter((each) => each.step < step);
  for (const { name } of older.slice(0, Math.max(0, older.length - (kept - 1)))) {
    naming(join(directory, name), () => files.remove(join(directory, name)));
  }
}

/** By step, oldest first. */
function states(names: readonly string[]): { name: string; step: number }[] {
  const found = names.map((name) => ({ name, step: Number(stateName.exec(name)?.[1] ?? NaN) }));
  return found.filter(({ step }) => !Number.isNaN(step)).sort((a, b) => a.step - b.step);
}

function prefixed(prefix: string, tensors: Tensors): Tensors {
  return new Map([...tensors].map(([name, tensor]) => [`${prefix}${name}`, tensor]));
}

function withPrefix(prefix: string, tensors: Tensors): Tensors {
  return new Map([...tensors].filter(([name]) => name.startsWith(prefix)).map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}
