/** Moves an image sideways and up or down. */
import { choice, integer, number, optional } from '../common/options.ts';
import { defineAugmentation, fills } from './augmentation.ts';

export const shift = defineAugmentation({
  name: 'shift',
  summary: 'Moves the image by a random distance along both axes, each drawn on its own.',
  options: {
    fraction: optional(number({ about: 'Largest distance as a fraction of the height and of the width; the distance is uniform in ± this. Absent: 0.1, or 0 where `pixels` is given.', minimum: 0, maximum: 1 })),
    pixels: integer({ about: 'Largest distance in pixels, of which whole numbers are drawn: nothing is blurred. Added to what `fraction` draws.', default: 0, minimum: 0, maximum: 4096 }),
    fill: choice(fills, { about: 'What comes in from outside: zero (black), reflect (mirrored at the edge), edge (the nearest pixel).', default: 'zero' }),
  },
  main: 'fraction',
  warp({ fraction, pixels, fill }, { height, width }, random) {
    const share = fraction ?? (pixels > 0 ? 0 : 0.1);
    const draw = (size: number): number => random.between(-share, share) * size + random.below(2 * pixels + 1) - pixels;
    const right = draw(width), down = draw(height);
    return { affine: { a: 1, b: 0, c: -right, d: 0, e: 1, f: -down }, fill };
  },
});
