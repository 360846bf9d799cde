/** Writes what expected.py is to compute to stdout, as JSON: `npx tsx test/oracle/requests.ts | python3 test/oracle/expected.py`. */
import { batch, headsCase, headsWeights, layerCases, layerData, lossCases, lossLogits, optimizerCases, optimizerGradients, optimizerStart, scheduleCases, scheduleLength } from './cases.ts';
import type { Shape } from '../../src/common/shape.ts';

const shaped = ({ channels, height, width }: Shape): number[] => [batch, channels, height, width];
const tensor = (shape: readonly number[], data: Float64Array): object => ({ shape, data: [...data] });

const layers = layerCases.map(({ sample, training }) => {
  const { inputs, parameters, mask, weigh } = layerData(sample);
  return {
    name: sample.name,
    type: sample.layer.name,
    options: sample.options,
    training,
    inputs: inputs.map((each) => tensor(shaped(each.shape), each.data)),
    parameters: Object.fromEntries(sample.parameters.map(({ name, shape, trained }) => [name, { ...tensor(shape, parameters[name]), trained }])),
    mask: tensor(shaped(sample.output), mask),
    weigh: tensor(shaped(sample.output), weigh),
  };
});

process.stdout.write(JSON.stringify({
  layers,
  optimizers: optimizerCases.map(({ name, optimizer, options, penalty }) => ({
    name, type: optimizer.name, options, penalty, start: [...optimizerStart], gradients: optimizerGradients.map((each) => [...each]),
  })),
  schedules: scheduleCases.map(({ name, schedule, options }) => ({ name, type: schedule.name, options, ...scheduleLength })),
  heads: [{
    inputs: tensor([headsCase.labels.length, ...Object.values(headsCase.inputs.shape)], headsCase.inputs.data),
    labels: headsCase.labels,
    weights: Object.fromEntries([...headsWeights].map(([key, { shape, data }]) => [key, tensor(shape, data)])),
  }],
  losses: lossCases.map((each) => ({ ...each, logits: tensor([lossLogits.count, lossLogits.classes], lossLogits.data), labels: lossLogits.labels })),
}));
