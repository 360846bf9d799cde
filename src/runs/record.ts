/** `run.json`: what a run rests on, and how it went. Enough, with the configuration, to repeat it bit for bit. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cpus, hostname, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Experiment } from '../config/experiment.ts';
import type { EngineRecord } from '../engines/engine.ts';
import { writeDurably } from '../common/durable.ts';
import type { FileSystem } from '../common/file-system.ts';
import { canonicalJson, isRecord, toJson } from '../common/json.ts';

/** What must be equal for a resumed run to give the same bits. */
export interface Identity {
  /** SHA-256 of the completed experiment. */
  config: string;
  /** By file or generator. */
  data: Readonly<Record<string, string>>;
  /** The engine's word for its arithmetic. */
  numerics: string;
}

export type Outcome = 'completed' | 'interrupted' | 'diverged' | 'failed';

export interface RunRecord {
  version: 1;
  /** The directory's name at the start: `deepconvnet-003`. */
  id: string;
  command: readonly string[];
  seed: number;
  started: string;
  /** Where it went on from, with what. */
  resumed: readonly { at: string; epoch: number; step: number; threads: number; versions: Readonly<Record<string, string>> }[];
  ended?: { at: string; outcome: Outcome; message?: string };
  git?: { commit: string; dirty: boolean };
  host: { name: string; processor: string; cores: number; memory_bytes: number };
  versions: Readonly<Record<string, string>>;
  engine: EngineRecord & { threads: number };
  data: { configured: string; actual: string; substitution?: string };
  network: { layers: number; parameters: number; multiply_adds: number };
  identity: Identity;
  /** Completed, without places in files. Small enough to be read for hundreds of runs at once. */
  experiment: PlainExperiment;
}

/** The part of an experiment that decides the result, with its name. */
export type PlainExperiment = Pick<Experiment, 'name' | 'seed' | 'dataset' | 'model' | 'augmentation' | 'train'>;

export function writeRecord(directory: string, record: RunRecord, files?: FileSystem): void {
  writeDurably(join(directory, 'run.json'), `${toJson(record, 2)}\n`, files);
}

/** Undefined where the directory holds no readable record. */
export function readRecord(directory: string): RunRecord | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(join(directory, 'run.json'), 'utf8'));
    return isRunRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Looks at what listings rely on; the rest is as we wrote it. */
function isRunRecord(value: unknown): value is RunRecord {
  return isRecord(value) && value['version'] === 1 && typeof value['started'] === 'string' && Array.isArray(value['resumed'])
    && isRecord(value['data']) && isRecord(value['engine']) && isRecord(value['identity']) && isRecord(value['experiment'])
    && (value['ended'] === undefined || isRecord(value['ended']));
}

/** Places in files are left out: they change when a line is added above. */
export function plainExperiment(experiment: Experiment): PlainExperiment {
  const { name, seed, dataset, model, augmentation, train } = experiment;
  const plain: PlainExperiment = { name, seed, dataset, model, augmentation, train };
  return JSON.parse(JSON.stringify(plain, (key, value: unknown) => (placeKeys.has(key) && !isScalar(value) ? undefined : value)));
}

const placeKeys: ReadonlySet<string> = new Set(['place', 'places', 'usedAt']);

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

/** The name is left out: it changes no result. */
export function configHash({ seed, dataset, model, augmentation, train }: PlainExperiment): string {
  return createHash('sha256').update(canonicalJson({ seed, dataset, model, augmentation, train })).digest('hex');
}

export function hostFacts(): RunRecord['host'] {
  const processors = cpus();
  return { name: hostname(), processor: processors[0]?.model.trim() ?? 'unknown', cores: processors.length, memory_bytes: totalmem() };
}
