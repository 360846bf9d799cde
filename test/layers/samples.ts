/** Every example of every layer type, made ready to run: completed options, primitives, and values drawn from a fixed seed. */
import { RandomStream, hashName, purpose } from '../../src/common/random.ts';
import { sizeOf } from '../../src/common/shape.ts';
import type { Shape } from '../../src/common/shape.ts';
import type { FeatureMaps } from '../../src/engines/reference/index.ts';
import { layers } from '../../src/layers/index.ts';
import type { Layer, Parameter } from '../../src/layers/layer.ts';
import { outputShape } from '../../src/layers/primitives.ts';
import type { Primitive } from '../../src/layers/primitives.ts';

export interface Sample {
  /** `conv {"filters":3}` */
  name: string;
  layer: Layer;
  options: Record<string, unknown>;
  inputs: readonly Shape[];
  output: Shape;
  primitives: Primitive[];
  parameters: Parameter[];
}

export const samples: readonly Sample[] = layers.flatMap((layer) => layer.examples.map((example) => sampleOf(layer, example.options, example.inputs)));

export function sampleOf(layer: Layer, given: Record<string, unknown>, inputs: readonly Shape[]): Sample {
  const options = withDefaults(layer, given);
  layer.check?.(options, inputs);
  const primitives = layer.lower(options, inputs);
  const output = primitives.reduce<readonly Shape[]>((before, primitive) => [outputShape(primitive, before)], inputs)[0];
  const name = `${layer.name} ${JSON.stringify(given)} on ${inputs.map((each) => `${each.channels}×${each.height}×${each.width}`).join(', ')}`;
  return { name, layer, options, inputs, output, primitives, parameters: layer.parameters?.(options, inputs) ?? [] };
}

export function withDefaults(described: { options: Layer['options'] }, given: Record<string, unknown>): Record<string, unknown> {
  const defaults = Object.entries(described.options).flatMap(([name, option]) => (option.default === undefined ? [] : [[name, option.default]]));
  return { ...Object.fromEntries(defaults), ...given };
}

/** Standard normal numbers that depend on the name alone. Rounded to float32, so that other programs can be given the same. */
export function drawn(name: string, length: number): Float64Array {
  const random = new RandomStream(1, purpose.weights, hashName(name));
  return Float64Array.from({ length }, () => Math.fround(random.normal()));
}

export function drawnMaps(name: string, count: number, shape: Shape): FeatureMaps {
  return { count, shape, data: drawn(name, count * sizeOf(shape)) };
}

/** Values that bring out every term: no zero biases; variances are positive. */
export function drawnParameters(sample: Sample): Record<string, Float64Array> {
  return Object.fromEntries(sample.parameters.map(({ name, shape }) => {
    const values = drawn(`${sample.name} ${name}`, shape.reduce((product, size) => product * size, 1));
    return [name, name === 'running_var' ? values.map((value) => Math.fround(0.5 + value * value)) : values];
  }));
}

/** 1 keeps, 0 drops, about every second. */
export const drawnMask = (name: string, length: number): Float64Array => drawn(`${name} mask`, length).map((value) => (value > 0 ? 1 : 0));
