/** Stochastic gradient descent, plain, with momentum, or with Nesterov's. */
import { add, input, multiply, subtract } from '../common/expression.ts';
import type { Expression } from '../common/expression.ts';
import { boolean, number } from '../common/options.ts';
import { defineOptimizer } from './optimizer.ts';
import { l2Decay, learningRate, penalisedGradient, weightDecay } from './terms.ts';

export const sgd = defineOptimizer({
  name: 'sgd',
  summary: 'Stochastic gradient descent; with `momentum`, the steps keep a share of their velocity.',
  source: 'Sutskever et al., "On the importance of initialization and momentum", ICML 2013, in the form of torch.optim.SGD',
  options: {
    lr: learningRate(0.01),
    momentum: number({ about: 'Share of the velocity kept from step to step (0 to below 1).', default: 0, minimum: 0, exclusiveMaximum: 1 }),
    nesterov: boolean({ about: 'Whether the gradient is taken ahead of the velocity (needs momentum).', default: false }),
    weight_decay: weightDecay(l2Decay),
  },
  state: (options) => (options.momentum === 0 ? [] : ['momentum']),
  scalars: (options, { lr, decays }) => ({ lr, decay: options.weight_decay * decays }),

  /** v ← momentum v + g;  p ← p - lr v, or with Nesterov p ← p - lr (g + momentum v). */
  update({ momentum, nesterov, weight_decay: decay }): Record<string, Expression> {
    const g = penalisedGradient(decay);
    if (momentum === 0) return { p: subtract(input('p'), multiply(input('lr'), g)) };
    const velocity = add(multiply(momentum, input('momentum')), g);
    const direction = nesterov ? add(g, multiply(momentum, velocity)) : velocity;
    return { momentum: velocity, p: subtract(input('p'), multiply(input('lr'), direction)) };
  },
});
