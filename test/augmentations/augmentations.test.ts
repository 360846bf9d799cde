/** Every augmentation: documented, checked by its schema, finite, drawn from its stream alone. Pictures: test/data/batches.test.ts. */
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { augmentationNamed, augmentations } from '../../src/augmentations/index.ts';
import { objectSchema } from '../../src/common/options.ts';
import { purpose, RandomStream } from '../../src/common/random.ts';

const shape = { channels: 3, height: 24, width: 32 };

/** Options as written in full, by name; the second list must be refused. */
const examples: Record<string, { good: Record<string, unknown>[]; bad: Record<string, unknown>[] }> = {
  rotate: { good: [{ degrees: 10, fill: 'zero' }, { degrees: 0.5, fill: 'edge' }], bad: [{}, { degrees: -1 }, { degrees: 181 }, { degrees: 10, fill: 'white' }] },
  shift: { good: [{ fraction: 0.1, pixels: 0, fill: 'zero' }, { pixels: 2, fill: 'reflect' }], bad: [{ fraction: 2 }, { pixels: 1.5 }, { pixel: 2 }] },
  crop: { good: [{ padding: 4, fill: 'reflect' }, { padding: 1, fill: 'zero' }], bad: [{}, { padding: 0 }, { padding: 1.5 }] },
  flip: { good: [{ direction: 'horizontal' }, { direction: 'vertical' }], bad: [{}, { direction: 'sideways' }] },
};

describe('augmentations', () => {
  it('have examples here, and are found by name', () => {
    expect(augmentations.map(({ name }) => name).toSorted()).toEqual(Object.keys(examples).toSorted());
    for (const each of augmentations) expect(augmentationNamed(each.name)).toBe(each);
    expect(augmentationNamed('swirl')).toBeUndefined();
  });

  for (const augmentation of augmentations) {
    const { good, bad } = examples[augmentation.name];
    const validate = new Ajv({ allowUnionTypes: true }).compile(objectSchema(augmentation.options));

    it(`${augmentation.name} accepts and refuses by its schema`, () => {
      expect(good.filter((options) => !validate(options))).toEqual([]);
      expect(bad.filter((options) => validate(options))).toEqual([]);
    });

    it(`${augmentation.name} gives the same finite map for the same stream`, () => {
      for (const options of good) {
        for (let sample = 0; sample < 50; sample++) {
          const draw = () => augmentation.warp!(options, shape, new RandomStream(1, purpose.augmentation, 0, sample));
          const { affine } = draw();
          expect(draw().affine).toEqual(affine);
          expect(Object.values(affine).every(Number.isFinite)).toBe(true);
        }
      }
    });
  }

  it('shifts by at most the fraction of each side', () => {
    const offsets = Array.from({ length: 500 }, (_, sample) => augmentationNamed('shift')!.warp!({ fraction: 0.25, pixels: 0, fill: 'zero' }, shape, new RandomStream(1, purpose.augmentation, 0, sample)).affine);
    const largest = (of: 'c' | 'f'): number => Math.max(...offsets.map((affine) => Math.abs(affine[of])));
    expect([largest('c') <= 8, largest('c') > 7.5, largest('f') <= 6, largest('f') > 5.6]).toEqual([true, true, true, true]);
  });

  it('mirrors every second image unless told otherwise', () => {
    expect(augmentations.map(({ name, probability }) => [name, probability ?? 1])).toEqual([['rotate', 1], ['shift', 1], ['crop', 1], ['flip', 0.5]]);
  });
});
