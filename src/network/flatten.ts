/**
 * A network written flat: one entry a layer, under its full name and reading by name what is not the layer before it. No
 * blocks, repeats, groups or structures are left, and the weights have the names that they had.
 */
import type { Entry } from '../common/entry.ts';
import { namesOfEntries } from '../common/entry.ts';
import { UserError } from '../common/problem.ts';
import type { FlatLayer, FlatModel, Model } from '../config/experiment.ts';
import { structureNamed } from '../layers/index.ts';
import { constructNetwork } from './build.ts';
import type { Section } from './build.ts';
import type { Facts } from './checks.ts';
import type { Construction } from './construction.ts';
import { placed } from './problems.ts';

/** Throws UserError where the network cannot be built, or where a head reads what it hides. */
export function flattenModel(model: Model, loss: Entry, facts: Facts): FlatModel {
  const { state, trunk, heads } = constructNetwork(model, loss, facts);
  return {
    layers: flattenSection(state, trunk),
    heads: Object.fromEntries(heads.map((head) => [head.name, { from: state.layers[head.start].name, layers: flattenSection(state, head) }])),
  };
}

function flattenSection(state: Construction, section: Section): FlatLayer[] {
  const { start, first, end, output } = section;
  const own = state.layers.slice(first, end);
  const automatic = namesOfEntries(own.map(({ type }) => ({ type })));
  const flat = own.map(({ type, options, name, inputs }, position): FlatLayer => {
    const before = position === 0 ? start : first + position - 1;
    const short = name.slice(prefixOf(section).length);
    const { entry } = state.sites[first + position]!;
    return {
      type, options, entry,
      made: structureNamed(entry.type) !== undefined,
      ...(short === automatic[position] ? {} : { name: short }),
      ...(inputs.length === 1 && inputs[0] === before ? {} : { from: inputs.map((index) => referenceTo(state, section, index, first + position)) }),
    };
  });
  // Of lists that end in an empty group with `from`: what is read last is not what was made last.
  const last = own.length === 0 ? start : end - 1;
  const { entry } = state.sites[Math.max(output, first - 1)] ?? { entry: { type: 'group', options: {} } };
  return output === last ? flat : [...flat, { type: 'group', options: { layers: [] }, from: [referenceTo(state, section, output, end)], entry, made: true }];
}

const prefixOf = ({ name }: Section): string => (name === '' ? '' : `${name}.`);

/** How the layer `reader` names another one: inside a head without the head's name. */
function referenceTo(state: Construction, section: Section, index: number, reader: number): string {
  const { name } = state.layers[index];
  const prefix = prefixOf(section);
  if (index >= section.first) return name.slice(prefix.length);
  const hidden = prefix !== '' && state.layers.slice(section.first, reader).some((each) => each.name === `${prefix}${name}`);
  if (!hidden) return name;
  const site = state.sites[Math.min(reader, section.end - 1)];
  throw new UserError({
    code: 'hidden-name',
    message: `the head ${section.name} reads ${name} of the network behind a layer of its own that is named ${name} too: this cannot be written flat`,
    fix: 'give one of them another name',
    ...(site ? placed(site) : { path: `model.heads.${section.name}` }),
  });
}
