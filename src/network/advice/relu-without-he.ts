/**
 * A ReLU drops half of the variance of what it is given. Weights of variance 2 / fan-in make up for it; with smaller ones the
 * signal fades from layer to layer, and the gradient on the way back.
 */
import type { Entry } from '../../common/entry.ts';
import type { Parameter } from '../../layers/layer.ts';
import type { LayerSummary } from '../summary.ts';
import type { Rule } from './rule.ts';
import { nameSome, placeOf, readersOf } from './rule.ts';

export const reluWithoutHe: Rule = {
  name: 'relu-without-he',
  summary: 'Weights before a ReLU that are not drawn with the variance that the ReLU asks for.',
  source: 'He et al., "Delving deep into rectifiers", ICCV 2015, section 2.2',
  check(subject) {
    const { initializer } = subject.experiment.model;
    if (fitting.has(initializer.type)) return [];
    const layers = subject.summary.layers.filter((each) => drawn(each) && readersOf(subject, each).some(isRelu));
    if (layers.length === 0) return [];
    const ratios = layers.map((each) => varianceRatio(initializer, drawn(each)!.start)).filter((each) => each !== undefined);
    const least = Math.min(...ratios);
    const numbers = ratios.length > 0 ? `: of the variance that keeps the signal, the least has ${describeRatio(least)}` : '';
    return [{
      message: `initializer ${initializer.type} draws the weights of ${nameSome(layers.map(({ name }) => name))} before a ReLU${numbers}`,
      fix: 'set model.initializer: he',
      layers: layers.map(({ name }) => name),
      ...placeOf(layers[0]),
      figures: { layers: layers.length, ...(ratios.length > 0 ? { least_variance_ratio: least } : {}) },
    }];
  },
};

/** `orthogonal` keeps lengths: a matter of its gain, not of the fan-in. */
const fitting: ReadonlySet<string> = new Set(['he', 'orthogonal']);

/** The weights that the initializer draws. */
function drawn({ layer }: LayerSummary): Parameter | undefined {
  return layer.parameters.find(({ start }) => 'fanIn' in start);
}

function isRelu({ layer: { primitives } }: LayerSummary): boolean {
  const [first] = primitives;
  return first?.op === 'map' && (first.name === 'relu' || first.name === 'relu6');
}

/** Of the variance drawn to 2 / fan-in. */
function varianceRatio({ type, options }: Entry, start: Parameter['start']): number | undefined {
  if (!('fanIn' in start)) return undefined;
  const wanted = 2 / start.fanIn;
  if (type === 'normal') return Number(options['deviation']) ** 2 / wanted;
  if (type === 'xavier') return 2 / (start.fanIn + start.fanOut) / wanted;
  if (type === 'lecun') return 1 / start.fanIn / wanted;
  return undefined;
}

function describeRatio(ratio: number): string {
  return ratio >= 0.01 ? `${Math.round(ratio * 100)} %` : ratio.toExponential(1);
}
