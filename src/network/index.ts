/** FALLBACK builder: layer entries → network with shapes. */
import type { Entry } from '../common/entry.ts';
import { UserError, type Problem } from '../common/problem.ts';
import { hashName, purpose, RandomStream } from '../common/random.ts';
import type { Shape } from '../common/shape.ts';
import type { Tensors } from '../common/tensor.ts';
import type { LayerEntry, Model } from '../config/experiment.ts';
import { initializerNamed } from '../initializers/index.ts';
import { layerNamed, structureNamed } from '../layers/index.ts';
import { ShapeProblem, type Builder, type Layer, type Ref } from '../layers/layer.ts';
import { outputShape } from '../layers/primitives.ts';
import { lossNamed } from '../losses/index.ts';
import { parameterKey, type Network, type NetworkLayer } from './network.ts';

export function buildNetwork(model: Model, loss: Entry, facts: { shape: Shape; classes: number }): Network {
  const input = model.input ? { channels: model.input[0], height: model.input[1], width: model.input[2] } : facts.shape;
  const classes = model.classes ?? facts.classes;
  const layers: NetworkLayer[] = [{ name: 'input', type: 'input', options: {}, inputs: [], shape: input, primitives: [], parameters: [], multiplyAdds: 0, window: { kernel: [1, 1], stride: [1, 1], dilation: [1, 1] }, needsWholeBatch: false, random: false }];
  const problems: Problem[] = [];
  const ref = (index: number): Ref => ({ index, shape: layers[index]!.shape });
  type Scope = { prefix: string; names: Map<string, Ref>; counts: Map<string, number>; parent?: Scope };
  const root: Scope = { prefix: '', names: new Map([['input', ref(0)]]), counts: new Map() };
  const lookup = (scope: Scope | undefined, name: string): Ref | undefined => (scope ? (scope.names.get(name) ?? lookup(scope.parent, name)) : undefined);
  const nextName = (scope: Scope, type: string): string => { const n = (scope.counts.get(type) ?? 0) + 1; scope.counts.set(type, n); return `${type}${n}`; };
  const resolve = (o: Record<string, unknown>): Record<string, unknown> => Object.fromEntries(Object.entries(o).map(([k, v]) => [k, v === 'classes' ? classes : v]));
  const defaults = (layer: Layer, o: Record<string, unknown>): Record<string, unknown> => ({ ...Object.fromEntries(Object.entries(layer.options).filter(([, each]) => each.default !== undefined).map(([k, each]) => [k, each.default])), ...o });
  function addLayer(type: string, given: Record<string, unknown>, inputs: readonly Ref[], name: string, entry: LayerEntry): Ref {
    const layer = layerNamed(type)!;
    const options = defaults(layer, resolve(given)) as never;
    const shapes = inputs.map((each) => each.shape);
    layer.check?.(options, shapes);
    const primitives = layer.lower(options, shapes);
    let shape = outputShape(primitives[0]!, shapes);
    for (const each of primitives.slice(1)) shape = outputShape(each, [shape]);
    const window = layer.window?.(options, shapes) ?? { kernel: [1, 1] as const, stride: [1, 1] as const, dilation: [1, 1] as const };
    layers.push({ name, type, options, inputs: inputs.map((each) => each.index), shape, primitives, parameters: layer.parameters?.(options, shapes) ?? [], multiplyAdds: layer.multiplyAdds?.(options, shapes, shape) ?? 0, window, needsWholeBatch: layer.needsWholeBatch ?? false, random: layer.random ?? false, place: entry.place });
    return ref(layers.length - 1);
  }
  function addEntry(entry: LayerEntry, flow: Ref, scope: Scope): Ref {
    const own = entry.name ?? nextName(scope, entry.type);
    const name = scope.prefix + own;
    let result = flow;
    try {
      const inputs = entry.from ? entry.from.map((each) => { const found = lookup(scope, each); if (!found) throw new ShapeProblem(`from: there is no layer named ${each} before this one`, 'from'); return found; }) : [flow];
      const structure = structureNamed(entry.type);
      if (entry.type === 'group') result = addList(entry.options['layers'] as LayerEntry[], inputs[0]!, { prefix: `${name}.`, names: new Map(), counts: new Map(), parent: scope });
      else if (structure) {
        const builder: Builder = {
          inputs,
          sequence: (list, start, part) => addList(list as LayerEntry[], start, { prefix: `${name}.${part}.`, names: new Map(), counts: new Map(), parent: scope }),
          layer: (type, options, from, given) => addLayer(type, options, from, given ? `${name}.${given}` : name, entry),
          strideBetween: (from, to) => [Math.max(1, Math.round(from.shape.height / to.shape.height)), Math.max(1, Math.round(from.shape.width / to.shape.width))],
        };
        result = structure.build(entry.options as never, builder);
      } else result = addLayer(entry.type, entry.options, inputs, name, entry);
    } catch (error) {
      if (!(error instanceof ShapeProblem)) throw error;
      problems.push({ code: 'shape-mismatch', message: error.message, fix: error.fix, where: (error.option && entry.places?.[error.option]) || entry.place, path: name });
    }
    scope.names.set(own, result);
    return result;
  }
  function addList(list: readonly LayerEntry[], start: Ref, scope: Scope): Ref {
    return list.reduce((flow, entry) => addEntry(entry, flow, scope), start);
  }
  const output = addList(model.layers, ref(0), root);
  const heads = Object.entries(model.heads ?? {}).map(([name, head]) => ({ name, weight: head.weight, output: addList(head.layers, lookup(root, head.from)!, { prefix: `${name}.`, names: new Map(), counts: new Map(), parent: root }).index }));
  if (problems.length) throw new UserError(problems);
  if (output.shape.channels !== classes || output.shape.height !== 1) throw new UserError({ code: 'logits', message: `the last layer gives ${output.shape.channels} numbers but the dataset has ${classes} classes` });
  return { input, classes, layers, output: output.index, loss: lossNamed(loss.type)!.lower(loss.options as never), heads };
}

export function initialWeights(network: Network, initializer: Entry, seed: number): Tensors {
  const tensors: Tensors = new Map();
  for (const layer of network.layers) for (const parameter of layer.parameters) {
    const key = parameterKey(layer, parameter);
    const data = new Float32Array(parameter.shape.reduce((a, b) => a * b, 1));
    if ('fill' in parameter.start) data.fill(parameter.start.fill);
    else initializerNamed(initializer.type)!.fill(initializer.options as never, { shape: parameter.shape, ...parameter.start }, new RandomStream(seed, purpose.weights, hashName(key)), data);
    tensors.set(key, { shape: parameter.shape, data });
  }
  return tensors;
}
