/** Softmax over the channels, for attention and gates inside a network. The loss has its own: logits go into it as they are. */
import { defineLayer } from './layer.ts';

export const softmax = defineLayer({
  name: 'softmax',
  summary: 'Softmax over the channels of each pixel. Not for the logits: the loss takes them as they are.',
  source: 'Bridle, "Probabilistic interpretation of feedforward classification network outputs", 1990',
  options: {},
  lower() {
    return [{ op: 'softmax' }];
  },
  examples: [
    { options: {}, inputs: [{ channels: 3, height: 4, width: 5 }] },
    { options: {}, inputs: [{ channels: 18, height: 1, width: 3 }] },
    { options: {}, inputs: [{ channels: 8, height: 1, width: 1 }] },
  ],
});
