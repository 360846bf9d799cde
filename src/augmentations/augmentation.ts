/**
 * The contract of an augmentation. Geometric ones give an affine map (several compose into one warp, so an image is
 * sampled once); the others change pixels. Everything drawn comes from `random`, keyed by (seed, epoch, sample, position
 * in the list): threads, order and interruptions do not matter.
 */
import type { Completed, Options } from '../common/options.ts';
import type { RandomStream } from '../common/random.ts';
import type { Shape } from '../common/shape.ts';

/** Maps an output pixel centre to the input position it is sampled at: x' = a x + b y + c, y' = d x + e y + f (pixels). */
export interface Affine { a: number; b: number; c: number; d: number; e: number; f: number }

/** What lies outside an image: black, the image mirrored (the edge pixel not repeated), or the nearest pixel. From the weakest to the strongest: see `Batcher`. */
export const fills = ['zero', 'edge', 'reflect'] as const;
export type Fill = (typeof fills)[number];

export interface Augmentation<O extends Options = Options> {
  name: string;
  summary: string;
  options: O;
  main?: keyof O & string;
  source?: string;
  /** The probability of being applied to an image where the entry names none. Default 1. */
  probability?: number;
  /** Refuses what cannot be applied to images of this shape: the reason, or undefined. */
  check?(options: Completed<O>, shape: Shape): string | undefined;
  /** Geometric: the map for one image, and how positions outside are filled. */
  warp?(options: Completed<O>, shape: Shape, random: RandomStream): { affine: Affine; fill: Fill };
}

export function defineAugmentation<const O extends Options>(augmentation: Augmentation<O>): Augmentation {
  return augmentation as unknown as Augmentation;
}
