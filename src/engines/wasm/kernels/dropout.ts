/**
 * Dropout masks by Philox 4×32-10 (common/random.ts), four elements a draw. Key: (seed, purpose.dropout); counter: (four
 * neighbouring channels of a pixel, image of the batch, step, dropout layer). An element is kept when its word >= rate · 2^32.
 * Where whole channels are dropped, the first pixel's draws hold for all; where whole images are, the first draw's first word.
 */
import { purpose } from '../../../common/random.ts';
import { f32x4, floatLanes, i32, i32x4, i64x2, v128, type Code, type Local, type ModuleBuilder } from '../emitter.ts';

const multipliers = [0xd2511f53, 0xcd9e8d57] as const;
const weyl = [0x9e3779b9, 0xbb67ae85] as const;

export interface MaskSpec {
  /** Fours of one image, pixel by pixel, and of one pixel. */
  vectors: number;
  pixelVectors: number;
  unit: 'element' | 'channel' | 'sample';
  /** Floats from an image's mask to the next. */
  imageStep: number;
  rate: number;
  /** A number for the layer. */
  layer: number;
}

/**
 * Fills a mask [images][vectors × 4 floats] with 0 or 1 / (1 - rate).
 * Parameters: mask, first image of the batch, step, seed, images.
 */
export function emitDropoutMask(module: ModuleBuilder, name: string, spec: MaskSpec): number {
  return module.function(name, ['i32', 'i32', 'i32', 'i32', 'i32'], [], (f) => {
    const [mask, image, step, seed, images] = [0, 1, 2, 3, 4].map((i) => f.parameter(i)) as [Local, Local, Local, Local, Local];
    // Lanes: c = (c0, c1, c2, c3); only lanes 0 and 2 are multiplied, and they land in lanes 1|0 and 3|2 of the products.
    const counter = f.local('v128'), products = f.local('v128'), key = f.local('v128'), group = f.local('i32'), at = f.local('i32');
    const vector = (a: number, b: number, c: number, d: number): Code => v128.constant([a, b, c, d]);
    const round: Code = [
      // (c0 · A, c2 · B) as two 64-bit products.
      products.set(i64x2.productLow(v128.shuffle(counter.get(), counter.get(), floatLanes(0, 2, 0, 2)), vector(multipliers[0], multipliers[1], 0, 0))),
      // new = (high(B) ^ c1 ^ k0, low(B), high(A) ^ c3 ^ k1, low(A)); products = (lowA, highA, lowB, highB).
      counter.set(v128.xor(
        v128.xor(v128.shuffle(products.get(), products.get(), floatLanes(3, 2, 1, 0)), v128.and(v128.shuffle(counter.get(), counter.get(), floatLanes(1, 0, 3, 0)), vector(-1, 0, -1, 0))),
        key.get(),
      )),
      key.set(i32x4.add(key.get(), vector(weyl[0], 0, weyl[1], 0))),
    ];
    const threshold = Math.min(Math.ceil(spec.rate * 2 ** 32), 2 ** 32 - 1);
    const four: Code = [
      counter.set(v128.or(v128.and(i32x4.splat(group.get()), vector(-1, 0, 0, 0)), v128.or(v128.and(i32x4.splat(image.get()), vector(0, -1, 0, 0)),
        v128.or(v128.and(i32x4.splat(step.get()), vector(0, 0, -1, 0)), vector(0, 0, 0, spec.layer))))),
      key.set(v128.or(v128.and(i32x4.splat(seed.get()), vector(-1, 0, 0, 0)), vector(0, 0, purpose.dropout, 0))),
      f.times(10, round),
      spec.unit === 'sample' ? counter.set(v128.shuffle(counter.get(), counter.get(), floatLanes(0, 0, 0, 0))) : [],
      v128.store(at.get(), v128.and(i32x4.geU(counter.get(), i32x4.constant(threshold)), f32x4.constant(1 / (1 - spec.rate)))),
      at.advance(16),
    ];
    const drawn = { element: spec.vectors, channel: spec.pixelVectors, sample: 1 }[spec.unit];
    const repeat: Code = [v128.store(at.get(), v128.load(i32.sub(at.get(), i32.const(16 * drawn)))), at.advance(16)];
    return f.timesOf(images.get(), [
      at.set(mask.get()),
      f.upTo(group, i32.const(0), i32.const(drawn), 1, four),
      f.times(spec.vectors - drawn, repeat),
      image.advance(1),
      mask.advance(4 * spec.imageStep),
    ]);
  });
}
