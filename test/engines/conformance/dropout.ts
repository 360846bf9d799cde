/** The masks that a training step draws, from the documented rule: an element is kept when its word is at least rate · 2³². */
import { hashName, philox, purpose } from '../../../src/common/random.ts';
import type { Network } from '../../../src/network/network.ts';
import { seed } from './targets.ts';

/**
 * By layer: 1 keeps, 0 drops, [batch, channels, height, width]. Four neighbouring channels of a pixel share a draw; channels are
 * counted in sixteens. Whole channels follow their first pixel, whole images their first channel.
 */
export function dropoutMasks(network: Network, count: number, step: number): Map<string, Float64Array> {
  const masks = new Map<string, Float64Array>();
  const words = new Uint32Array(4);
  for (const { name, shape, primitives } of network.layers) {
    for (const primitive of primitives) {
      if (primitive.op !== 'dropout') continue;
      const { channels, height, width } = shape;
      const groups = Math.ceil(channels / 16) * 4;
      masks.set(name, Float64Array.from({ length: count * channels * height * width }, (_, i) => {
        const pixel = primitive.unit === 'element' ? i % (height * width) : 0;
        const channel = primitive.unit === 'sample' ? 0 : Math.floor(i / (height * width)) % channels;
        const image = Math.floor(i / (height * width * channels));
        philox(pixel * groups + Math.floor(channel / 4), image, step, hashName(name), seed, purpose.dropout, words);
        return words[channel % 4] >= primitive.rate * 2 ** 32 ? 1 : 0;
      }));
    }
  }
  return masks;
}
