/** What every entry of the catalogues must have, and hand values for what layers share. */
import { expect, test } from 'vitest';
import { initializers } from '../../src/initializers/index.ts';
import { layerNamed, layers, structureNamed, structures } from '../../src/layers/index.ts';
import { ShapeProblem } from '../../src/layers/layer.ts';
import { ceilOverhang, checkWindowFits, resolvePadding } from '../../src/layers/window.ts';
import { losses } from '../../src/losses/index.ts';
import { optimizers } from '../../src/optimizers/index.ts';
import { schedules } from '../../src/schedules/index.ts';
import { samples } from './samples.ts';

const catalogues = { layers, structures, optimizers, schedules, initializers, losses };

test.each(Object.entries(catalogues))('%s: names, summaries and options are complete', (_name, entries) => {
  const names = entries.map((entry) => entry.name);
  expect(new Set(names).size).toBe(names.length);
  for (const entry of entries) {
    expect(entry.name).toMatch(/^[a-z][a-z0-9_]*$/);
    expect(entry.summary, entry.name).toMatch(/^[A-Z].*[.:].*$|^[A-Z].*\.$/);
    for (const [option, { schema }] of Object.entries(entry.options)) expect(schema.description, `${entry.name}.${option}`).toMatch(/^[A-Z`].{8,}\.$/);
    if ('main' in entry && entry.main !== undefined) expect(Object.keys(entry.options)).toContain(entry.main);
  }
});

test.each(layers.map((layer) => [layer.name, layer] as const))('%s: examples cover every option with a value that is not its default', (_name, layer) => {
  expect(layer.examples.length).toBeGreaterThan(0);
  const written = new Set(layer.examples.flatMap((example) => Object.keys(example.options)));
  expect([...written].toSorted()).toEqual(Object.keys(layer.options).toSorted());
});

test('a structure that shares its name with a layer ends in that layer', () => {
  const shared = structures.filter((structure) => layerNamed(structure.name));
  expect(shared.map((structure) => structure.name)).toEqual(['add', 'multiply', 'concat']);
  for (const { name } of shared) expect(structureNamed(name)!.joins).toBe(true);
});

test('multiply-adds are declared wherever there is a matrix of weights', () => {
  for (const { layer, options, inputs, output, parameters } of samples) {
    const matrices = parameters.filter((parameter) => parameter.decay);
    expect(layer.multiplyAdds !== undefined, layer.name).toBe(matrices.length > 0);
    if (layer.multiplyAdds === undefined) continue;
    // Every weight meets every cell of the output's image once; a transposed convolution's, every cell of the input's.
    const weights = matrices.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
    const { height, width } = layer.name === 'conv_transpose' ? inputs[0] : output;
    expect(layer.multiplyAdds(options, inputs, output), layer.name).toBe(weights * height * width);
  }
});

test('same padding: input / stride rounded up, the odd one behind', () => {
  const shape = { channels: 1, height: 7, width: 6 };
  expect(resolvePadding('same', shape, [3, 3], [1, 1])).toEqual({ top: 1, left: 1, bottom: 1, right: 1 });
  expect(resolvePadding('same', shape, [3, 3], [2, 2])).toEqual({ top: 1, left: 0, bottom: 1, right: 1 }); // 4 and 3 windows
  expect(resolvePadding('same', shape, [2, 4], [1, 1])).toEqual({ top: 0, left: 1, bottom: 1, right: 2 });
  expect(resolvePadding('same', shape, [3, 3], [1, 1], [2, 2])).toEqual({ top: 2, left: 2, bottom: 2, right: 2 });
  expect(resolvePadding('same', shape, [1, 1], [3, 3])).toEqual({ top: 0, left: 0, bottom: 0, right: 0 });
});

test('ceil adds what the last window overhangs, if it begins inside the image', () => {
  expect(ceilOverhang(5, 2, 2, 0, 0)).toBe(1); // windows at 0, 2, 4
  expect(ceilOverhang(6, 2, 2, 0, 0)).toBe(0);
  expect(ceilOverhang(7, 3, 2, 0, 0)).toBe(0);
  expect(ceilOverhang(6, 3, 3, 1, 1)).toBe(1); // windows at -1, 2, 5
  expect(ceilOverhang(2, 1, 2, 0, 0)).toBe(0); // a window at 2 would lie behind the image
});

test('a window that does not fit says by how much', () => {
  const shape = { channels: 3, height: 2, width: 9 };
  const none = { top: 0, left: 0, bottom: 0, right: 0 };
  expect(() => checkWindowFits(shape, [3, 3], none)).toThrow(new ShapeProblem('3×3 does not fit its 2×9 input', 'kernel', 'set padding: same'));
  expect(() => checkWindowFits(shape, [3, 3], { ...none, top: 1 })).not.toThrow();
  expect(() => checkWindowFits(shape, [2, 3], none, [1, 5])).toThrow('spans 2×11');
});
