/** Rectifier whose slope for negative values is learned. */
import { boolean } from '../common/options.ts';
import { defineLayer } from './layer.ts';

export const prelu = defineLayer({
  name: 'prelu',
  summary: 'Parametric rectifier: x where it is positive, else a learned slope times x. The slope begins at 0.25 and does not decay.',
  source: 'He, Zhang, Ren and Sun, "Delving deep into rectifiers", ICCV 2015, section 2.1',
  options: {
    shared: boolean({ about: 'Whether all channels share one slope, or each has its own.', default: true }),
  },
  parameters({ shared }, [input]) {
    return [{ name: 'weight', shape: [shared ? 1 : input.channels], start: { fill: 0.25 }, trained: true, decay: false }];
  },
  lower({ shared }) {
    return [{ op: 'prelu', shared }];
  },
  examples: [
    { options: {}, inputs: [{ channels: 19, height: 4, width: 5 }] },
    { options: { shared: false }, inputs: [{ channels: 19, height: 3, width: 2 }] },
    { options: { shared: false }, inputs: [{ channels: 5, height: 1, width: 1 }] },
  ],
});
