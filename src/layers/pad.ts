/** Zeros around the image and behind its last channel. */
import { integer, sizes, toPair } from '../common/options.ts';
import { defineLayer } from './layer.ts';

export const pad = defineLayer({
  name: 'pad',
  summary: 'Adds zeros around the image, or whole channels of zeros behind the last one.',
  options: {
    padding: sizes({ about: 'Zeros around the image, in cells on each side: a number, or [vertical, horizontal].', default: 0, minimum: 0, maximum: 1024 }),
    channels: integer({ about: 'Number of channels of zeros to add.', default: 0, minimum: 0, maximum: 1 << 20 }),
  },
  main: 'padding',
  lower(options) {
    const [vertical, horizontal] = toPair(options.padding);
    return [{ op: 'pad', padding: { top: vertical, left: horizontal, bottom: vertical, right: horizontal }, channels: options.channels }];
  },
  examples: [
    { options: { padding: 1 }, inputs: [{ channels: 3, height: 2, width: 5 }] },
    { options: { padding: [0, 2], channels: 5 }, inputs: [{ channels: 4, height: 3, width: 3 }] },
  ],
});
