/** Pads an image and cuts a random piece of the original size out of it: a shift by whole pixels. */
import { choice, integer, required } from '../common/options.ts';
import { defineAugmentation, fills } from './augmentation.ts';

export const crop = defineAugmentation({
  name: 'crop',
  summary: 'Pads the image on every side, then cuts out a random piece of the original size.',
  options: {
    padding: required(integer({ about: 'Pixels added on every side.', minimum: 1, maximum: 4096 })),
    fill: choice(fills, { about: 'What the padding is made of: zero (black), reflect (mirrored at the edge), edge (the nearest pixel).', default: 'zero' }),
  },
  main: 'padding',
  source: 'He, Zhang, Ren, Sun: Deep residual learning for image recognition, 2016, section 4.2',
  warp({ padding, fill }, _shape, random) {
    const left = random.below(2 * padding + 1) - padding, top = random.below(2 * padding + 1) - padding;
    return { affine: { a: 1, b: 0, c: left, d: 0, e: 1, f: top }, fill };
  },
});
