/**
 * The shape of the language, once: which keys an experiment has, which of them hold entries of which catalogue, what they
 * mean and what they default to. Reading, merging, overriding, completing, checking and both schemas follow it.
 */
import { augmentations } from '../augmentations/index.ts';
import { either, integer, layerList, number, optional, required, text } from '../common/options.ts';
import type { JsonSchema, Option, Options } from '../common/options.ts';
import { datasets } from '../datasets/index.ts';
import { initializers } from '../initializers/index.ts';
import { layers, structures } from '../layers/index.ts';
import { losses } from '../losses/index.ts';
import { optimizers } from '../optimizers/index.ts';
import { schedules } from '../schedules/index.ts';

/** What the language needs to know of a catalogue's member. */
export interface EntryType {
  name: string;
  summary: string;
  options: Options;
  main?: string;
  /** Augmentations: the default of `probability` where it is not 1. */
  probability?: number;
}

export interface Catalogue {
  /** `layer` */
  what: string;
  types: readonly EntryType[];
  /** Options that stand beside the type: `name`, `from`. */
  beside: Options;
  /** Whether blocks (capitalised names of the file's own) may stand as a type. */
  blocks: boolean;
}

export type Form =
  | { kind: 'value'; option: Option<unknown> }
  /** A value, or a list in the form `list` (`shortcut: auto`, `shortcut: [...]`). */
  | { kind: 'either'; option: Option<unknown>; list: Form }
  | { kind: 'entry'; catalogue: Catalogue; about: string }
  | { kind: 'list'; of: Form; about: string; minimum: number }
  /** Free names. */
  | { kind: 'map'; of: Form; names: RegExp; about: string; namesAre: string }
  | { kind: 'object'; fields: Readonly<Record<string, Field>>; about: string };

export interface Field {
  form: Form;
  required?: boolean;
  /** In canonical form. */
  default?: unknown;
}

export type FormOf<K extends Form['kind']> = Extract<Form, { kind: K }>;

/** Names of heads, and the parts of layers' names. */
export const namePattern = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/;
/** Names of layers; also a whole path such as `stage2.1.conv2`, as networks written flat have it. */
const layerNamePattern = /^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}(\.[A-Za-z0-9_][A-Za-z0-9_-]{0,63}){0,79}$/;
/** Names of parameters and variables: `$filters`, `$variables.width`. */
const wordPattern = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;
/** Blocks begin with a capital, so that no built-in added later collides. */
export const blockPattern = /^[A-Z][A-Za-z0-9_]{0,63}$/;

const repeat: EntryType = {
  name: 'repeat',
  summary: 'The same layers several times in a row, each time with weights of its own.',
  options: {
    times: required(integer({ about: 'How often; 0 leaves the layers out.', minimum: 0, maximum: 1000 })),
    layers: required(layerList({ about: 'The layers to repeat. They are named REPEAT.1.conv1, REPEAT.2.conv1, ...' })),
  },
};

const group: EntryType = {
  name: 'group',
  summary: 'Layers under one name: `{ group: [conv: 8, relu], name: stem }` has the layers stem.conv1 and stem.relu1.',
  options: { layers: required(layerList({ about: 'The layers of the group, in order.' })) },
  main: 'layers',
};

const layerName = optional(text({ about: 'A name for `from`, for errors, reports and weights. Unnamed layers are named by type and ordinal: conv1, conv2.' }));
layerName.schema['pattern'] = layerNamePattern.source;

export const layerCatalogue: Catalogue = {
  what: 'layer',
  types: [...layers.filter((layer) => !structures.some((structure) => structure.name === layer.name)), ...structures, group, repeat],
  beside: {
    name: layerName,
    from: optional(either<string | string[]>([{ type: 'string' }, { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 1000 }],
      { about: 'The layer (or layers) this one reads, by name; `input` is the network\'s input. Absent: the layer before it.' })),
  },
  blocks: true,
};

const plain = (what: string, types: readonly EntryType[], beside: Options = {}): Catalogue => ({ what, types, beside, blocks: false });

export const catalogues = {
  dataset: plain('dataset', datasets),
  layer: layerCatalogue,
  initializer: plain('initializer', initializers),
  augmentation: plain('augmentation', augmentations, {
    probability: number({ about: 'The share of images it is applied to.', minimum: 0, maximum: 1, default: 1 }),
  }),
  loss: plain('loss', losses),
  optimizer: plain('optimizer', optimizers),
  schedule: plain('schedule', schedules),
} as const satisfies Record<string, Catalogue>;

const value = (option: Option<unknown>): Field => ({
  form: { kind: 'value', option }, required: option.required, ...(option.default === undefined ? {} : { default: option.default }),
});
const entry = (catalogue: Catalogue, about: string, rest: Omit<Field, 'form'> = {}): Field => ({ form: { kind: 'entry', catalogue, about }, ...rest });
const object = (about: string, fields: Readonly<Record<string, Field>>, rest: Omit<Field, 'form'> = {}): Field => ({ form: { kind: 'object', fields, about }, ...rest });

/** A list of layers, wherever it stands. */
const layersForm = (about: string, minimum = 0): FormOf<'list'> => ({ kind: 'list', of: { kind: 'entry', catalogue: layerCatalogue, about: 'A layer.' }, about, minimum });

const head = object('An auxiliary classifier, as GoogLeNet\'s: its loss is added to that of the network in training.', {
  from: value(required(text({ about: 'The layer it reads.' }))),
  weight: value(number({ about: 'The factor of its loss.', minimum: 0, default: 0.3 })),
  layers: { form: layersForm('Its layers; the last one gives as many values as there are classes.', 1), required: true },
});

const plainValues = [{ type: 'number' }, { type: 'string' }, { type: 'boolean' }, { type: 'array', items: { type: ['number', 'string', 'boolean'] } }];

const variableValue = either<unknown>(plainValues, { about: 'A number, a word, true or false, or a list of these.' });

const parameterValue = either<unknown>([{ const: 'required' }, ...plainValues], { about: '`required`, or the value where a use of the block gives none.' });

const block = object('Layers with parameters, used like a layer type.', {
  params: {
    form: {
      kind: 'map', of: { kind: 'value', option: parameterValue }, names: wordPattern, namesAre: 'letters, digits and _',
      about: 'Parameters: `required` or a default. Used as `$filters`; whole-number arithmetic is allowed: `$filters * 4`.',
    },
    default: {},
  },
  layers: { form: layersForm('The layers of the block.'), required: true },
});

const model = object('The network.', {
  input: value(optional(either<number[]>([{ type: 'array', items: { type: 'integer', minimum: 1, maximum: 65536 }, minItems: 3, maxItems: 3 }],
    { about: 'Shape of an image: [channels, height, width]. Absent: the dataset\'s.' }))),
  classes: value(optional(integer({ about: 'Number of classes. Absent: the dataset\'s.', minimum: 2, maximum: 1 << 20 }))),
  initializer: entry(catalogues.initializer, 'How weights are drawn at the start.', { default: { he: {} } }),
  layers: {
    form: layersForm('The layers in order, each reading the one before it unless `from` says otherwise. The last one gives the logits, one for each class; softmax belongs to the loss.', 1),
    required: true,
  },
  heads: { form: { kind: 'map', of: head.form, names: namePattern, namesAre: 'letters, digits, _ and -', about: 'Auxiliary classifiers by name.' }, default: {} },
}, { required: true });

const train = object('How it is trained.', {
  epochs: value(integer({ about: 'Passes over the training images.', minimum: 0, maximum: 1_000_000, default: 20 })),
  batch_size: value(integer({ about: 'Images a step. A last, smaller batch is trained on as well.', minimum: 1, maximum: 1_000_000, default: 100 })),
  loss: entry(catalogues.loss, 'What is minimised.', { default: { cross_entropy: {} } }),
  optimizer: entry(catalogues.optimizer, 'How weights follow the gradient.', { default: { adam: {} } }),
  schedule: entry(catalogues.schedule, 'How the learning rate changes over the epochs.', { default: { constant: {} } }),
  clip_norm: value(optional(number({ about: 'Largest L2 norm of the whole gradient; longer ones are scaled down. Absent: no clipping.', exclusiveMinimum: 0 }))),
  penalty: object('Penalties on the weights, added to the gradient after clipping; the reported loss is without them. Not for biases and normalisation.', {
    l1: value(number({ about: 'This times the sum of the absolute values: drives weights to 0.', minimum: 0, default: 0 })),
    l2: value(number({ about: 'This times half the sum of the squares: as the weight decay of sgd, for any optimizer.', minimum: 0, default: 0 })),
  }),
}, { default: {} });

const experimentName = text({ about: 'Names the run directory: letters, digits, dot, dash and underscore. Default: the file\'s name.' });
experimentName.schema['pattern'] = '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$';

const lint = object('What `exp lint` may say.', {
  allow: value(either<string[]>([{ type: 'array', items: { type: 'string' } }], { about: 'Advice that is not wanted for this experiment, by name: [dropout-on-logits].', default: [] })),
});

/** An experiment after composition; `extends` and `without` are gone by then. */
export const experimentForm = object('One experiment: what is trained on which images, and how.', {
  version: value(either<number>([{ const: 1 }], { about: 'Version of the language.', default: 1 })),
  name: value(optional(experimentName)),
  description: value(optional(text({ about: 'What it is for, in a sentence or two.' }))),
  seed: value(integer({ about: 'Of everything random: weights, order of images, dropout, augmentation.', minimum: 0, maximum: 4294967295, default: 1 })),
  variables: { form: { kind: 'map', of: { kind: 'value', option: variableValue }, names: wordPattern, namesAre: 'letters, digits and _', about: 'Values of the file\'s own, used as `$variables.width`, also in blocks and in arithmetic: multipliers of width and depth.' } },
  dataset: entry(catalogues.dataset, 'The images to train and test on.', { required: true }),
  blocks: {
    form: {
      kind: 'map', of: block.form, names: blockPattern, namesAre: 'a capital, then letters, digits and _',
      about: 'Layers with parameters, defined once and used like a layer type. Their names begin with a capital.',
    },
    default: {},
  },
  model,
  augmentation: {
    form: {
      kind: 'list', of: { kind: 'entry', catalogue: catalogues.augmentation, about: 'An augmentation.' }, minimum: 0,
      about: 'Random changes to training images, in this order.',
    },
    default: [],
  },
  train,
  lint,
}).form as FormOf<'object'>;

/** Keys of a file that composition consumes. */
export const compositionOptions = {
  extends: optional(either<string | string[]>([{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
    { about: 'The file (or files) this one changes, relative to it. Maps merge, lists replace, an entry of another type replaces. `name` and `description` are not taken over.' })),
  without: optional(either<string[]>([{ type: 'array', items: { type: 'string' } }],
    { about: 'What to leave out of the files that are extended: [augmentation, train.schedule].' })),
};

/** The type of a catalogue by name. */
export function typeNamed(catalogue: Catalogue, name: string): EntryType | undefined {
  return catalogue.types.find((type) => type.name === name);
}

const isLayersReference = (schema: JsonSchema): boolean => schema['$ref'] === '#/definitions/layers';

/** The form of a type's option: options that hold layers say so in their schema. */
export function formOfOption(option: Option<unknown>): Form {
  const { schema } = option;
  const about = typeof schema['description'] === 'string' ? schema['description'] : '';
  if (isLayersReference(schema)) return layersForm(about);
  if (schema['type'] === 'array' && isSchema(schema['items']) && isLayersReference(schema['items'])) {
    const minimum = typeof schema['minItems'] === 'number' ? schema['minItems'] : 0;
    return { kind: 'list', of: layersForm('A branch: its layers in order; none is the identity.'), about, minimum };
  }
  if (Array.isArray(schema['anyOf']) && schema['anyOf'].some((each) => isSchema(each) && isLayersReference(each))) {
    return { kind: 'either', option, list: layersForm(about) };
  }
  return { kind: 'value', option };
}

export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const fieldsByOptions = new WeakMap<Options, Readonly<Record<string, Field>>>();

/** The options of an entry type as fields of an object. */
export function fieldsOfType({ options }: { options: Options }): Readonly<Record<string, Field>> {
  let fields = fieldsByOptions.get(options);
  if (!fields) fieldsByOptions.set(options, fields = createFields(options));
  return fields;
}

function createFields(options: Options): Record<string, Field> {
  return Object.fromEntries(Object.entries(options).map(([name, option]) => [name, {
    form: formOfOption(option), required: option.required, ...(option.default === undefined ? {} : { default: option.default }),
  }]));
}
