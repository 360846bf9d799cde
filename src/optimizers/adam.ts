/** Adam, and AdamW, which takes weight decay out of the gradient. */
import { add, divide, input, multiply, sqrt, subtract } from '../common/expression.ts';
import type { Expression } from '../common/expression.ts';
import { number } from '../common/options.ts';
import { defineOptimizer } from './optimizer.ts';
import { l2Decay, learningRate, penalisedGradient, weightDecay, wholePower } from './terms.ts';

const moments = {
  beta1: number({ about: 'Share of the running mean of the gradients kept from step to step (0 to below 1).', default: 0.9, minimum: 0, exclusiveMaximum: 1 }),
  beta2: number({ about: 'Share of the running mean of their squares kept from step to step (0 to below 1).', default: 0.999, minimum: 0, exclusiveMaximum: 1 }),
  epsilon: number({ about: 'Added to the root, against division by zero.', default: 1e-8, exclusiveMinimum: 0 }),
};
const state = ['first_moment', 'second_moment'];

interface Moments {
  beta1: number;
  beta2: number;
  epsilon: number;
}

export const adam = defineOptimizer({
  name: 'adam',
  summary: 'Adam: steps along the running mean of the gradients, divided by the root of that of their squares.',
  source: 'Kingma and Ba, "Adam", ICLR 2015, algorithm 1, in the form of torch.optim.Adam',
  options: { lr: learningRate(0.001), ...moments, weight_decay: weightDecay(l2Decay) },
  state: () => state,
  scalars: (options, { lr, step, decays }) => ({ ...biasCorrections(options, lr, step), decay: options.weight_decay * decays }),
  update: (options) => adamUpdate(options, penalisedGradient(options.weight_decay), input('p')),
});

export const adamw = defineOptimizer({
  name: 'adamw',
  summary: 'Adam with decoupled weight decay: parameters shrink by lr times `weight_decay`, whatever their gradients.',
  source: 'Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2, in the form of torch.optim.AdamW',
  options: {
    lr: learningRate(0.001),
    ...moments,
    weight_decay: weightDecay('Every step takes lr times this share off the parameter. Not for biases and normalisation.', 0.01),
  },
  state: () => state,
  scalars: (options, { lr, step, decays }) => ({ ...biasCorrections(options, lr, step), keep: 1 - lr * options.weight_decay * decays }),
  update: (options) => adamUpdate(options, input('g'), options.weight_decay === 0 ? input('p') : multiply(input('p'), input('keep'))),
});

/** `rate` = lr / (1 - β1ᵗ), `root` = √(1 - β2ᵗ): m̂ / (√v̂ + ε) · lr = rate · m / (√v / root + ε). */
function biasCorrections({ beta1, beta2 }: Moments, lr: number, step: number): { rate: number; root: number } {
  return { rate: lr / (1 - wholePower(beta1, step)), root: Math.sqrt(1 - wholePower(beta2, step)) };
}

/** m ← β1 m + (1 - β1) g;  v ← β2 v + (1 - β2) g²;  p ← p - rate m / (√v / root + ε). */
function adamUpdate({ beta1, beta2, epsilon }: Moments, g: Expression, p: Expression): Record<string, Expression> {
  const first = add(multiply(beta1, input('first_moment')), multiply(1 - beta1, g));
  const second = add(multiply(beta2, input('second_moment')), multiply(1 - beta2, multiply(g, g)));
  const denominator = add(divide(sqrt(second), input('root')), epsilon);
  return { first_moment: first, second_moment: second, p: subtract(p, divide(multiply(input('rate'), first), denominator)) };
}
