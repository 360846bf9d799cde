/** RMSProp: AdaGrad that forgets. */
import { add, divide, input, multiply, sqrt, subtract } from '../common/expression.ts';
import type { Expression } from '../common/expression.ts';
import { number } from '../common/options.ts';
import { defineOptimizer } from './optimizer.ts';
import { l2Decay, learningRate, penalisedGradient, weightDecay } from './terms.ts';

export const rmsprop = defineOptimizer({
  name: 'rmsprop',
  summary: 'RMSProp: steps divided by the root of a running mean of the squared gradients.',
  source: 'Hinton, "Neural networks for machine learning", lecture 6e, 2012, in the form of torch.optim.RMSprop',
  options: {
    lr: learningRate(0.01),
    alpha: number({ about: 'Share of the running mean kept from step to step (0 to below 1).', default: 0.99, minimum: 0, exclusiveMaximum: 1 }),
    epsilon: number({ about: 'Added to the root, against division by zero.', default: 1e-8, exclusiveMinimum: 0 }),
    momentum: number({ about: 'Share of the velocity kept from step to step (0 to below 1).', default: 0, minimum: 0, exclusiveMaximum: 1 }),
    weight_decay: weightDecay(l2Decay),
  },
  state: (options) => (options.momentum === 0 ? ['square_mean'] : ['square_mean', 'momentum']),
  scalars: (options, { lr, decays }) => ({ lr, decay: options.weight_decay * decays }),

  /** s ← α s + (1 - α) g²;  d = g / (√s + ε);  p ← p - lr d, or with momentum v ← μ v + d;  p ← p - lr v. */
  update({ alpha, epsilon, momentum, weight_decay: decay }): Record<string, Expression> {
    const g = penalisedGradient(decay);
    const mean = add(multiply(alpha, input('square_mean')), multiply(1 - alpha, multiply(g, g)));
    const direction = divide(g, add(sqrt(mean), epsilon));
    if (momentum === 0) return { square_mean: mean, p: subtract(input('p'), multiply(input('lr'), direction)) };
    const velocity = add(multiply(momentum, input('momentum')), direction);
    return { square_mean: mean, momentum: velocity, p: subtract(input('p'), multiply(input('lr'), velocity)) };
  },
});
