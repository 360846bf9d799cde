/** Finite differences of the float64 reference: every layer type, every example, in training and outside. */
import { expect, test } from 'vitest';
import { layerBackward, layerForward } from '../../src/engines/reference/index.ts';
import { layerCases, layerData } from '../oracle/cases.ts';
import { gradientError } from './numbers.ts';

/** Of central differences with a step of 1e-6 in float64: rounding of about 1e-16 / 1e-6, times the size of the sums. */
const tolerance = 1e-7;

test.each(layerCases.map((each) => [each.training ? 'in training' : 'outside', each.sample.name, each] as const))('%s: %s', (_mode, _name, { sample, training }) => {
  const { inputs, parameters, weigh, mask } = layerData(sample);
  const context = { training, mask };
  const loss = (): number => layerForward(sample.primitives, inputs, parameters, context).data.reduce((sum, value, i) => sum + value * weigh[i], 0);
  const gradients = layerBackward(sample.primitives, inputs, parameters, context, { count: inputs[0].count, shape: sample.output, data: weigh });
  inputs.forEach((input, index) => {
    expect(gradientError(gradients.inputs[index].data, input.data, loss)).toBeLessThan(tolerance);
  });
  const trained = sample.parameters.filter((each) => each.trained).map((each) => each.name);
  expect(Object.keys(gradients.parameters).toSorted()).toEqual(trained.toSorted());
  for (const name of trained) expect(gradientError(gradients.parameters[name], parameters[name], loss), name).toBeLessThan(tolerance);
});
