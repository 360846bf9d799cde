/** AdaGrad: every element has its own rate, which falls with the squares of its gradients. */
import { add, divide, input, multiply, sqrt, subtract } from '../common/expression.ts';
import type { Expression } from '../common/expression.ts';
import { number } from '../common/options.ts';
import { defineOptimizer } from './optimizer.ts';
import { l2Decay, learningRate, penalisedGradient, weightDecay } from './terms.ts';

export const adagrad = defineOptimizer({
  name: 'adagrad',
  summary: 'AdaGrad: steps divided by the root of the sum of all squared gradients so far.',
  source: 'Duchi, Hazan and Singer, "Adaptive subgradient methods", JMLR 2011, in the form of torch.optim.Adagrad',
  options: {
    lr: learningRate(0.01),
    epsilon: number({ about: 'Added to the root, against division by zero.', default: 1e-10, exclusiveMinimum: 0 }),
    weight_decay: weightDecay(l2Decay),
  },
  state: () => ['square_sum'],
  scalars: (options, { lr, decays }) => ({ lr, decay: options.weight_decay * decays }),

  /** s ← s + g²;  p ← p - lr g / (√s + ε). */
  update({ epsilon, weight_decay: decay }): Record<string, Expression> {
    const g = penalisedGradient(decay);
    const sum = add(input('square_sum'), multiply(g, g));
    return { square_sum: sum, p: subtract(input('p'), divide(multiply(input('lr'), g), add(sqrt(sum), epsilon))) };
  },
});
