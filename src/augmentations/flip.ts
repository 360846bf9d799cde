/** Mirrors an image. */
import { choice, required } from '../common/options.ts';
import { defineAugmentation } from './augmentation.ts';

export const flip = defineAugmentation({
  name: 'flip',
  summary: 'Mirrors the image; every second one, unless `probability` says otherwise.',
  options: {
    direction: required(choice(['horizontal', 'vertical'], { about: 'horizontal: left and right change places; vertical: up and down. Not for digits or letters.' })),
  },
  main: 'direction',
  probability: 0.5,
  warp({ direction }, { height, width }) {
    const affine = direction === 'horizontal'
      ? { a: -1, b: 0, c: width - 1, d: 0, e: 1, f: 0 }
      : { a: 1, b: 0, c: 0, d: 0, e: -1, f: height - 1 };
    return { affine, fill: 'zero' }; // nothing comes in from outside
  },
});
