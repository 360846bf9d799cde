/** Networks side by side: what was put in or taken out leaves the rest matched. */
import { expect, test } from 'vitest';
import { alignNetworks } from '../../src/network/alignment.ts';
import { summarizeNetwork } from '../../src/network/summary.ts';
import { network } from './model.ts';
import type { Written } from './model.ts';

const summary = (layers: readonly Written[]): ReturnType<typeof summarizeNetwork> => summarizeNetwork(network(layers, { channels: 1, height: 12, width: 12 }, 3));
const align = (before: readonly Written[], after: readonly Written[]): string[] =>
  alignNetworks(summary(before), summary(after)).map((each) => `${each.change} ${each.before?.name ?? '-'} ${each.after?.name ?? '-'}${each.differences.map((text) => ` [${text}]`).join('')}`);

const conv = (filters: number): Written => ({ conv: { filters, padding: 1 } });
const end: Written[] = ['global_avgpool', { dense: 'classes' }];
const base: Written[] = [conv(4), 'relu', conv(8), 'relu', ...end];

test('the same network', () => {
  expect(align(base, base).every((line) => line.startsWith('same'))).toBe(true);
});

test('a layer put in between shifts names, not matches', () => {
  expect(align(base, [conv(4), 'relu', conv(6), 'relu', conv(8), 'relu', ...end])).toEqual([
    'same conv1 conv1', 'same relu1 relu1', 'inserted - conv2', 'inserted - relu2', 'changed conv2 conv3', 'same relu2 relu3', 'same global_avgpool1 global_avgpool1', 'same dense1 dense1',
  ]);
});

test('a layer taken out', () => {
  expect(align([...base, { dropout: 0.5 }], base).at(-1)).toBe('removed dropout1 -');
});

test('an option changed; what follows costs more', () => {
  expect(align(base, [conv(5), 'relu', conv(8), 'relu', ...end])).toEqual([
    'changed conv1 conv1 [filters 4 → 5]', 'same relu1 relu1', 'changed conv2 conv2', 'same relu2 relu2', 'same global_avgpool1 global_avgpool1', 'same dense1 dense1',
  ]);
});

test('another type is one out and one in', () => {
  expect(align([{ maxpool: 2 }, ...end], [{ avgpool: 2 }, ...end]).slice(0, 2).toSorted()).toEqual(['inserted - avgpool1', 'removed maxpool1 -']);
});
