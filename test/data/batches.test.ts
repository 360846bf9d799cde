/** The order of epochs, and images as the network reads them, against hand values and a slow sampler that goes step by step. */
import { describe, expect, it } from 'vitest';
import type { AugmentationEntry } from '../../src/config/experiment.ts';
import { createBatcher, imageSource } from '../../src/data/index.ts';
import type { ImageSource } from '../../src/engines/engine.ts';

const times = (count: number, value: number): number[] => Array.from({ length: count }, () => value);

/** Images of the given values, one channel unless told, normalised by nothing. */
function source(height: number, width: number, pixels: readonly number[], how: Partial<ImageSource> = {}): ImageSource {
  const channels = how.channels ?? 1;
  const count = pixels.length / (height * width * channels);
  return {
    pixels: Uint8Array.from(pixels), labels: new Int32Array(count), count, channels, height, width,
    mean: times(channels, 0), deviation: times(channels, 1 / 255), augmentation: [], shuffle: false, seed: 1, ...how,
  };
}

/** Deviation 1/255 makes pixel values come out as they are, but for the rounding of a float32. */
function read(of: ImageSource, sample = 0, epoch = 0): number[] {
  const target = new Float32Array(of.height * of.width * of.channels);
  createBatcher(of).fill(sample, epoch, target, 0, of.width * of.channels, of.channels);
  return Array.from(target, (value) => Math.round(value * 1000) / 1000);
}

const augment = (type: string, options: Record<string, unknown>, probability = 1): AugmentationEntry => ({ type, options, probability });
const nine = [1, 2, 3, 4, 5, 6, 7, 8, 9];

describe('order', () => {
  it('is that of the data where nothing is shuffled', () => {
    expect([...createBatcher(source(1, 1, [5, 6, 7])).order(3)]).toEqual([0, 1, 2]);
  });

  it('visits every sample once, differently each epoch, equally each time', () => {
    const shuffled = source(1, 1, times(1000, 0), { shuffle: true });
    const first = createBatcher(shuffled), second = createBatcher(shuffled);
    const orderOfFive = [...first.order(5)];
    expect(orderOfFive.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    expect([...first.order(6)]).not.toEqual(orderOfFive);
    expect([...second.order(5)]).toEqual(orderOfFive); // whatever was asked for before
    expect([...first.order(5)]).toEqual(orderOfFive);
    expect([...createBatcher({ ...shuffled, seed: 2 }).order(5)]).not.toEqual(orderOfFive);
  });

  it('puts every sample in every place about as often', () => {
    const batcher = createBatcher(source(1, 1, [0, 0, 0, 0], { shuffle: true }));
    const counts = times(16, 0);
    for (let epoch = 0; epoch < 4000; epoch++) batcher.order(epoch).forEach((sample, place) => counts[place * 4 + sample]++);
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(120); // 4 standard deviations
  });
});

describe('plain images', () => {
  it('are normalised by channel', () => {
    const of = source(1, 2, [0, 255, 51, 102], { channels: 2, mean: [0.5, 0], deviation: [0.5, 2] });
    expect(read(of)).toEqual([-1, 0.5, -0.6, 0.2]);
  });

  it('go where the strides say and nowhere else', () => {
    const target = new Float32Array(14).fill(-1);
    createBatcher(source(2, 2, [...times(4, 0), 1, 2, 3, 4])).fill(1, 0, target, 2, 6, 3);
    expect([...target]).toEqual([-1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1]);
  });

  it('take normalisation from the dataset entry', () => {
    const split = { pixels: Uint8Array.of(255), labels: new Int32Array(1), count: 1 };
    const dataset = { shape: { channels: 1, height: 1, width: 1 } };
    const how = { augmentation: [], shuffle: false, seed: 1 };
    expect(imageSource(split, dataset, { type: 'mnist', options: {} }, how)).toMatchObject({ mean: [0], deviation: [1] });
    expect(imageSource(split, dataset, { type: 'mnist', options: { normalize: { mean: 0.1, std: [0.3] } } }, how)).toMatchObject({ mean: [0.1], deviation: [0.3] });
  });
});

describe('augmented images', () => {
  it('flips exactly', () => {
    expect(read(source(3, 3, nine, { augmentation: [augment('flip', { direction: 'horizontal' })] }))).toEqual([3, 2, 1, 6, 5, 4, 9, 8, 7]);
    expect(read(source(3, 3, nine, { augmentation: [augment('flip', { direction: 'vertical' })] }))).toEqual([7, 8, 9, 4, 5, 6, 1, 2, 3]);
    const colours = source(1, 2, [1, 2, 3, 4, 5, 6], { channels: 3, augmentation: [augment('flip', { direction: 'horizontal' })] });
    expect(read(colours)).toEqual([4, 5, 6, 1, 2, 3]);
  });

  /** Every crop of `nine` by one pixel, by how far it moved right and down, with what came in from outside. */
  const outside: Record<string, (x: number, y: number) => number> = {
    zero: (x, y) => (x < 0 || x > 2 || y < 0 || y > 2 ? 0 : nine[3 * y + x]),
    edge: (x, y) => nine[3 * Math.min(2, Math.max(0, y)) + Math.min(2, Math.max(0, x))],
    reflect: (x, y) => nine[3 * (y < 0 ? -y : y > 2 ? 4 - y : y) + (x < 0 ? -x : x > 2 ? 4 - x : x)],
  };
  for (const [fill, pixel] of Object.entries(outside)) {
    it(`crops by whole pixels, filling with ${fill}: all nine crops and no other`, () => {
      const possible = new Set<string>();
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) possible.add(nine.map((_, at) => pixel((at % 3) + dx, Math.floor(at / 3) + dy)).join());
      }
      const of = source(3, 3, nine, { augmentation: [augment('crop', { padding: 1, fill })] });
      const seen = new Set(Array.from({ length: 200 }, (_, epoch) => read(of, 0, epoch).join()));
      expect(seen).toEqual(possible);
    });
  }

  it('shifts by whole pixels where pixels are asked for, by fractions where a fraction is', () => {
    const whole = source(3, 3, nine, { augmentation: [augment('shift', { pixels: 1, fill: 'edge' })] });
    const fractions = source(3, 3, nine, { augmentation: [augment('shift', { fraction: 0.1, pixels: 0, fill: 'edge' })] });
    for (let epoch = 0; epoch < 50; epoch++) expect(read(whole, 0, epoch).every(Number.isInteger)).toBe(true);
    // At the centre of a linear image a shift by (x, y) pixels changes the value by -(x + 3 y), each at most 0.3.
    const centres = Array.from({ length: 200 }, (_, epoch) => read(fractions, 0, epoch)[4]);
    expect(Math.max(...centres)).toBeLessThanOrEqual(5 + 1.2);
    expect(Math.min(...centres)).toBeGreaterThanOrEqual(5 - 1.2);
    expect(Math.max(...centres) - Math.min(...centres)).toBeGreaterThan(1.6);
  });

  it('rotates about the centre, within the range', () => {
    const of = source(5, 5, Array.from({ length: 25 }, (_, at) => 10 * (at % 5)), { augmentation: [augment('rotate', { degrees: 90, fill: 'edge' })] });
    const slopes = Array.from({ length: 300 }, (_, epoch) => {
      const turned = read(of, 0, epoch);
      expect(turned[12]).toBeCloseTo(20, 2);
      const alongX = (turned[13] - turned[11]) / 20, alongY = (turned[17] - turned[7]) / 20;
      expect(Math.hypot(alongX, alongY)).toBeCloseTo(1, 2); // the image is a ramp: turning it keeps its slope
      return Math.atan2(alongY, alongX) * (180 / Math.PI);
    });
    expect(Math.max(...slopes.map(Math.abs))).toBeLessThanOrEqual(90.1);
    expect(Math.max(...slopes)).toBeGreaterThan(80);
    expect(Math.min(...slopes)).toBeLessThan(-80);
  });

  it('samples once what several steps ask for: in the middle of a ramp that equals one step after the other', () => {
    // Bilinear sampling is exact on a ramp, so that composing maps and resampling step by step agree away from the edges.
    const ramp = Array.from({ length: 81 }, (_, at) => 40 + 5 * (at % 9) + 3 * Math.floor(at / 9));
    const steps = [augment('rotate', { degrees: 30, fill: 'edge' }), augment('shift', { fraction: 0.1, pixels: 0, fill: 'edge' }), augment('flip', { direction: 'horizontal' })];
    for (let epoch = 0; epoch < 20; epoch++) {
      const composed = read(source(9, 9, ramp, { augmentation: steps }), 0, epoch);
      const [turned, moved, mirrored] = [0, 1, 2].map((last) => read(source(9, 9, ramp, { augmentation: steps.slice(0, last + 1) }), 0, epoch));
      const centre = 40;
      expect(mirrored).toEqual(composed);
      for (let y = 3; y < 6; y++) for (let x = 3; x < 6; x++) expect(composed[9 * y + x]).toBeCloseTo(moved[9 * y + 8 - x], 3);
      expect(turned[centre]).toBeCloseTo(ramp[centre], 3);
    }
  });

  it('lets reflect win over zero where both fill', () => {
    const steps = [augment('shift', { pixels: 2, fill: 'zero' }), augment('crop', { padding: 2, fill: 'reflect' })];
    const bright = source(3, 3, times(9, 200), { augmentation: steps });
    for (let epoch = 0; epoch < 30; epoch++) expect(Math.min(...read(bright, 0, epoch))).toBe(200);
  });

  it('mirrors between the pixels too', () => {
    const wide = source(1, 5, [0, 10, 20, 30, 40], { augmentation: [augment('shift', { fraction: 0.9, pixels: 0, fill: 'reflect' })] });
    for (let epoch = 0; epoch < 100; epoch++) {
      const values = read(wide, 0, epoch);
      // A mirrored ramp is a triangle wave of period 8: where it rises or falls a step of one pixel changes it by 10,
      // and only the step across a turn, at 0 or at 40, by less.
      const steps = values.slice(1).map((value, x) => Math.abs(value - values[x]));
      expect(steps.filter((step) => step > 10.01)).toEqual([]);
      expect(steps.filter((step) => step < 9.99).length).toBeLessThanOrEqual(2);
    }
  });

  it('fills with black, also where black is normalised to something else', () => {
    const of = source(3, 3, times(9, 255), { mean: [0.5], deviation: [0.5], augmentation: [augment('shift', { pixels: 1, fill: 'zero' })] });
    const seen = new Set(Array.from({ length: 40 }, (_, epoch) => read(of, 0, epoch)).flat());
    expect(seen).toEqual(new Set([-1, 1]));
  });

  it('applies to the share of images that `probability` says, and leaves the others as they are', () => {
    const of = source(3, 3, nine, { augmentation: [augment('flip', { direction: 'horizontal' }, 0.3)] });
    const flipped = Array.from({ length: 2000 }, (_, epoch) => read(of, 0, epoch).join() !== nine.join()).filter(Boolean).length;
    expect(flipped / 2000).toBeCloseTo(0.3, 1);
    expect(read({ ...of, augmentation: [augment('flip', { direction: 'horizontal' }, 0)] })).toEqual(nine);
  });

  it('depends on seed, epoch, sample and position in the list, and on nothing that came before', () => {
    const augmentation = [augment('rotate', { degrees: 20, fill: 'zero' }), augment('shift', { fraction: 0.2, pixels: 0, fill: 'zero' })];
    const of = source(3, 3, [...nine, ...nine], { augmentation });
    const batcher = createBatcher(of);
    const fill = (sample: number, epoch: number): string => {
      const target = new Float32Array(9);
      batcher.fill(sample, epoch, target, 0, 3, 1);
      return target.join();
    };
    const first = fill(0, 0);
    expect(new Set([first, fill(1, 0), fill(0, 1)]).size).toBe(3);
    expect(fill(0, 0)).toBe(first);
    expect(read({ ...of, seed: 2 })).not.toEqual(read(of));
    const twice = [augment('shift', { fraction: 0.2, pixels: 0, fill: 'zero' }), augment('shift', { fraction: 0.2, pixels: 0, fill: 'zero' })];
    expect(read({ ...of, augmentation: twice })).not.toEqual(read({ ...of, augmentation: [augment('shift', { fraction: 0.4, pixels: 0, fill: 'zero' })] }));
  });

  it('manages images one pixel wide', () => {
    for (const fill of ['zero', 'edge', 'reflect']) {
      const of = source(3, 1, [1, 2, 3], { augmentation: [augment('rotate', { degrees: 45, fill }), augment('crop', { padding: 5, fill })] });
      for (let epoch = 0; epoch < 50; epoch++) for (const value of read(of, 0, epoch)) expect(value >= 0 && value <= 3).toBe(true);
    }
  });

  it('refuses an augmentation that does not exist', () => {
    expect(() => createBatcher(source(1, 1, [1], { augmentation: [augment('swirl', {})] }))).toThrow('no augmentation "swirl"');
  });
});
