/** Normal weights whose deviation follows from the fans, so that the variance of the activations stays the same from layer to layer. */
import { choice, number } from '../common/options.ts';
import { defineInitializer } from './initializer.ts';
import type { Fans, Initializer } from './initializer.ts';

const distribution = choice(['normal', 'uniform'], {
  about: 'What the weights are drawn from: a normal or a uniform distribution of the same variance.',
  default: 'normal',
});

export const he = scaled('he', 'Variance 2 / fan-in: for layers before a ReLU, which halves the variance.', {
  source: 'He et al., "Delving deep into rectifiers", ICCV 2015, equation 10',
  variance: ({ fanIn }) => 2 / fanIn,
});

export const xavier = scaled('xavier', 'Variance 2 / (fan-in + fan-out): a compromise between the way forward and the way back.', {
  source: 'Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010, equation 12',
  variance: ({ fanIn, fanOut }) => 2 / (fanIn + fanOut),
});

export const lecun = scaled('lecun', 'Variance 1 / fan-in: for layers without an activation, or with SELU.', {
  source: 'LeCun et al., "Efficient backprop", 1998, section 4.6',
  variance: ({ fanIn }) => 1 / fanIn,
});

export const normal = defineInitializer({
  name: 'normal',
  summary: 'Normal with a given standard deviation.',
  options: { deviation: number({ about: 'Standard deviation of the weights.', default: 0.01, minimum: 0 }) },
  main: 'deviation',
  fill({ deviation }, _fans, random, target) {
    for (let i = 0; i < target.length; i++) target[i] = deviation * random.normal();
  },
});

interface Scale {
  source: string;
  variance(fans: Fans): number;
}

function scaled(name: string, summary: string, { source, variance }: Scale): Initializer {
  return defineInitializer({
    name,
    summary,
    source,
    options: { distribution },
    main: 'distribution',
    fill(options, fans, random, target) {
      const deviation = Math.sqrt(variance(fans));
      const bound = Math.sqrt(3) * deviation; // a uniform distribution in ±b has the variance b² / 3
      const draw = options.distribution === 'normal' ? () => deviation * random.normal() : () => random.between(-bound, bound);
      for (let i = 0; i < target.length; i++) target[i] = draw();
    },
  });
}
