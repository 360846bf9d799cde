/** What the engine and its threads say to each other. Every request is answered by every thread: `done` or `failed`. */
import type { ImageSource, TrainRequest } from '../engine.ts';
import type { ForwardRequest, SharedEvaluation, SharedReports } from './thread.ts';

export type Request =
  | { kind: 'attach'; name: string; source: ImageSource }
  | { kind: 'prepare' }
  | { kind: 'train'; source: string; request: TrainRequest; reports: SharedReports }
  | { kind: 'evaluate'; source: string; results: SharedEvaluation }
  | { kind: 'forward'; request: ForwardRequest };

export type Answer = { kind: 'ready' } | { kind: 'done' } | { kind: 'failed'; message: string };
