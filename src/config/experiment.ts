/**
 * The completed experiment: every default filled in, every reference resolved, blocks and repeats expanded.
 * Plain data (structured-clone and JSON safe): this is what networks are built from and what workers receive.
 */
import type { Entry } from '../common/entry.ts';
import type { Place } from '../common/problem.ts';

export interface Experiment {
  version: 1;
  name: string;
  description?: string;
  seed: number;
  dataset: Entry;
  model: Model;
  /** In order; each with the probability of being applied to an image. */
  augmentation: AugmentationEntry[];
  train: Training;
  /** Advice that is not wanted, by name. */
  lint?: { allow: string[] };
}

export interface Model {
  /** [channels, height, width]; else the dataset's. */
  input?: [number, number, number];
  /** Else the dataset's. */
  classes?: number;
  initializer: Entry;
  layers: LayerEntry[];
  /** Auxiliary classifiers. */
  heads: Record<string, Head>;
}

export interface Head {
  from: string;
  weight: number;
  layers: LayerEntry[];
}

/** A layer or a structure (`options` then hold LayerEntry lists), or a named group left by a block use or a repeat (`type: 'group'`, `options: { layers }`). */
export interface LayerEntry extends Entry {
  name?: string;
  from?: string[];
  /** Where it was written (blocks: the line in the block), and the line that used the block. */
  place?: Place;
  usedAt?: Place;
  /** Places of single options, for errors that point at one: `kernel`. */
  places?: Record<string, Place>;
}

/** A model without blocks, groups and structures. */
export interface FlatModel {
  layers: FlatLayer[];
  heads: Record<string, { from: string; layers: FlatLayer[] }>;
}

export interface FlatLayer {
  type: string;
  /** All of them. */
  options: Record<string, unknown>;
  /** The full name, in a head without the head's; absent where the automatic one is the same. */
  name?: string;
  /** Absent: the layer before it. */
  from?: string[];
  /** The layer as it was written, or the structure that made it. */
  entry: LayerEntry;
  /** True where a structure made it: the options are written nowhere. */
  made: boolean;
}

export interface AugmentationEntry extends Entry {
  probability: number;
}

export interface Training {
  epochs: number;
  batch_size: number;
  loss: Entry;
  optimizer: Entry;
  schedule: Entry;
  /** Largest L2 norm of the whole gradient; absent: no clipping. */
  clip_norm?: number;
  /** Of the parameters that decay; added to the gradient after clipping, not to the loss. Absent: none. */
  penalty?: { l1: number; l2: number };
}
