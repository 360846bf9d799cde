/** The catalogue of augmentations. Adding one is a file and a line here. */
import type { Augmentation } from './augmentation.ts';
import { crop } from './crop.ts';
import { flip } from './flip.ts';
import { rotate } from './rotate.ts';
import { shift } from './shift.ts';

export const augmentations: readonly Augmentation[] = [rotate, shift, crop, flip];

export function augmentationNamed(name: string): Augmentation | undefined {
  return augmentations.find((each) => each.name === name);
}
