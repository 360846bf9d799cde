/**
 * Images in class folders, as ImageNet's: JPEG and PNG files in a directory or a tar archive, decoded into memory at one
 * size. What is known without decoding comes from the names of the files, or from the options where they are not there.
 */
import { describeBytes, describeCount } from '../common/describe.ts';
import type { Fit } from '../common/image-codec.ts';
import { permittedMemoryBytes } from '../common/memory.ts';
import { choice, either, integer, number, optional, required, sizes, toPair } from '../common/options.ts';
import { runFailure, UserError } from '../common/problem.ts';
import { describeShape, sizeOf } from '../common/shape.ts';
import type { Shape } from '../common/shape.ts';
import { defineDataset } from './dataset.ts';
import type { DatasetFacts, DataLocations, LoadContext, LoadedDataset } from './dataset.ts';
import { decodeSplits } from './folder/decoded-cache.ts';
import { layoutOf } from './folder/layout.ts';
import type { Layout } from './folder/layout.ts';
import { candidatesOf, findSource, listFiles } from './folder/source.ts';
import type { FolderSource } from './folder/source.ts';
import { checkSplitOptions, createSplit, cutSplits, factsOf, splitOptions } from './splits.ts';
import type { Normalization, SplitOptions } from './splits.ts';

const most = 20_000_000;
const { validation, normalize } = splitOptions(most, most);

const options = {
  path: required(either<string>([{ type: 'string', minLength: 1, maxLength: 4096, pattern: '^[^\\u0000]*$' }], {
    about: 'A directory with train/CLASS/* and test/CLASS/* (or val/), or with CLASS/* and `test_share`; or a .tar or .tar.gz of such. Relative to the working directory, then to EXP_DATA_DIR.',
  })),
  size: required(sizes({ about: 'Height and width of the images in pixels, a number or [height, width]; all are scaled to it.', minimum: 1, maximum: 4096 })),
  channels: either<1 | 3>([{ enum: [1, 3] }], { about: '3: colours (red, green, blue); 1: grey.', default: 3 }),
  fit: choice<Fit>(['crop', 'stretch'], { about: 'crop: the shorter side is scaled and the middle of the longer one kept, as ImageNet is evaluated; stretch: both sides are scaled.', default: 'crop' }),
  classes: optional(either<number | string[]>([
    { type: 'integer', minimum: 2, maximum: 100_000 },
    { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 2, maxItems: 100_000, uniqueItems: true },
  ], { about: 'What is expected: their number, or their names in order (sorted). With it a configuration can be checked where the images are not.' })),
  test_share: optional(number({ about: 'Where there is no test folder: the share of each class that is kept for testing, e.g. 0.1. The same images for every seed.', exclusiveMinimum: 0, exclusiveMaximum: 1 })),
  validation,
  train_count: optional(integer({ about: 'How many of the training images to use, those for validation included; classes take turns. Absent: all.', minimum: 1, maximum: most })),
  test_count: optional(integer({ about: 'How many of the test images to use; classes take turns. Absent: all.', minimum: 1, maximum: most })),
  normalize,
};

/** The completed options. */
export interface ImageFolderOptions {
  path: string;
  size: number | [number, number];
  channels: 1 | 3;
  fit: Fit;
  classes?: number | string[];
  test_share?: number;
  validation: number;
  train_count?: number;
  test_count?: number;
  normalize?: Normalization;
}

const name = 'image-folder';
const at = `dataset.${name}`;

export const imageFolder = defineDataset({
  name,
  summary: 'JPEG and PNG files in one folder a class, as ImageNet\'s, in a directory or a tar archive; decoded into memory at one size. Needs the package sharp.',
  options,
  main: 'path',
  facts(options, locations) {
    const source = findSource(options.path, locations);
    const files = source && listFiles(source);
    if (!source || !files) return factsWithoutFiles(options, source, locations);
    const layout = readLayout(options, source, files);
    return factsOf(name, shapeOf(options), layout.classNames, withCounts(options, layout));
  },
  async load(options, context) {
    const source = findSource(options.path, context);
    if (!source) throw absent(options, context);
    const files = listFiles(source);
    if (!files) throw tooLargeToList(source);
    return loadImageFolder(options, source, readLayout(options, source, files), context);
  },
});

/** From a source found and listed. */
async function loadImageFolder(options: ImageFolderOptions, source: FolderSource, layout: Layout, context: LoadContext): Promise<LoadedDataset> {
  const counted = withCounts(options, layout);
  const facts = factsOf(name, shapeOf(options), layout.classNames, counted);
  const { shape } = facts;
  const { train_count: trainCount, test_count: testCount } = counted;
  checkRoom(trainCount + testCount, shape);
  if (layout.ignored.length > 0) context.report(`${source.path}: not read: ${layout.ignored.join(', ')}`);
  const [train, test] = [createSplit(shape, trainCount), createSplit(shape, testCount)];
  const hashes = await decodeSplits({
    source, shape, fit: options.fit,
    parts: [{ samples: layout.train.slice(0, trainCount), into: train }, { samples: layout.test.slice(0, testCount), into: test }],
  }, context);
  return { ...facts, ...cutSplits(facts, train, test), hashes: { ...hashes }, found: source.path, actual: name };
}

function shapeOf({ size, channels }: ImageFolderOptions): Shape {
  const [height, width] = toPair(size);
  return { channels, height, width };
}

function readLayout(options: ImageFolderOptions, { path }: FolderSource, files: readonly string[]): Layout {
  const layout = layoutOf({ root: path, files, path: at, ...(options.test_share === undefined ? {} : { testShare: options.test_share }) });
  checkClasses(options.classes, layout.classNames, path);
  return layout;
}

function checkClasses(expected: ImageFolderOptions['classes'], found: readonly string[], root: string): void {
  const message = Array.isArray(expected) ? namesMismatch(expected, found) : countMismatch(expected, found);
  if (message !== undefined) throw new UserError({ code: 'classes-mismatch', message: `${root}: ${message}`, fix: 'change classes, or leave it out: the folders tell it', path: `${at}.classes` });
}

function countMismatch(expected: number | undefined, found: readonly string[]): string | undefined {
  return expected === undefined || expected === found.length ? undefined : `has ${found.length} classes, expected ${expected}`;
}

function namesMismatch(expected: readonly string[], found: readonly string[]): string | undefined {
  const wrong = Array.from({ length: Math.max(expected.length, found.length) }, (_, index) => index).find((index) => expected[index] !== found[index]);
  return wrong === undefined ? undefined : `class ${wrong} is ${found[wrong] ?? 'missing'}, expected ${expected[wrong] ?? 'no more'}`;
}

/** The options with all counts, those that were left out as many as there are. */
function withCounts(options: ImageFolderOptions, { train, test }: Layout): ImageFolderOptions & SplitOptions {
  const { train_count = train.length, test_count = test.length } = options;
  for (const [key, wanted, present] of [['train_count', train_count, train.length], ['test_count', test_count, test.length]] as const) {
    if (wanted <= present) continue;
    const [message, fix] = [`${wanted} are asked for, there are ${present}`, `choose at most ${present}, or leave it out`];
    throw new UserError({ code: 'too-few-images', message, fix, path: `${at}.${key}` });
  }
  return { ...options, train_count, test_count };
}

/** What the options alone tell. */
function factsWithoutFiles(options: ImageFolderOptions, source: FolderSource | undefined, locations: DataLocations): DatasetFacts {
  const { classes, train_count, test_count } = options;
  if (classes === undefined) throw source ? tooLargeToList(source) : absent(options, locations);
  const shape = shapeOf(options);
  checkSplitOptions(name, shape, { train_count: undefined, ...options });
  const classNames = Array.isArray(classes) ? classes : Array.from({ length: classes }, (_, index) => String(index));
  return { shape, classes: classNames.length, classNames, trainCount: train_count === undefined ? undefined : train_count - options.validation, testCount: test_count };
}

function absent({ path }: ImageFolderOptions, { dataDirectory }: DataLocations): UserError {
  return runFailure({
    code: 'no-data',
    message: `there is neither a directory nor an archive at ${candidatesOf(path, dataDirectory).join(' or ')}`,
    fix: `correct the path${dataDirectory === undefined ? ', or set EXP_DATA_DIR to the directory it is relative to' : ''}; with classes: N the rest of the configuration can be checked without the images`,
    path: `${at}.path`,
  });
}

function tooLargeToList({ path }: FolderSource): UserError {
  return runFailure({ code: 'archive-too-large', message: `${path} is too large to be read packed`, fix: `unpack it to a plain archive: gunzip --keep ${path}`, path: `${at}.path` });
}

/** Before anything is decoded. */
function checkRoom(count: number, shape: Shape): void {
  const needed = count * sizeOf(shape), permitted = permittedMemoryBytes();
  if (needed <= permitted) return;
  throw runFailure({
    code: 'memory',
    message: `${describeCount(count)} images of ${describeShape(shape)} take ${describeCount(needed)} bytes (${describeBytes(needed)}), this process may use ${describeBytes(permitted)}`,
    fix: 'choose a smaller size, train_count or test_count',
    path: `${at}.size`,
  });
}
