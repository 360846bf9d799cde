/** Moves an image sideways and up or down. */
import { choice, either, required } from '../common/options.ts';
import { defineAugmentation, fills } from './augmentation.ts';

export const shift = defineAugmentation({
  name: 'shift',
  summary: 'Moves the image by a random distance along both axes.',
  options: {
    by: required(either<number | { pixels: number }>(
      [
        { type: 'number', minimum: 0, maximum: 1 },
        { type: 'object', properties: { pixels: { type: 'integer', minimum: 0, maximum: 4096, description: 'Largest distance in pixels; whole pixels are drawn.' } }, required: ['pixels'], additionalProperties: false },
      ],
      { about: 'Largest distance as a fraction of the size, uniform in ± this, each axis on its own (0.1); or in whole pixels ({ pixels: 2 }).' },
    )),
    fill: choice(fills, { about: 'What comes in from outside: zero (black), reflect (mirrored at the edge), edge (the nearest pixel).', default: 'zero' }),
  },
  main: 'by',
  warp({ by, fill }, { height, width }, random) {
    const draw = (size: number): number =>
      typeof by === 'number' ? random.between(-by, by) * size : random.below(2 * by.pixels + 1) - by.pixels;
    const right = draw(width), down = draw(height);
    return { affine: { a: 1, b: 0, c: -right, d: 0, e: 1, f: -down }, fill };
  },
});
