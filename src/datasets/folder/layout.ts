/**
 * From the names of files to classes and samples: `train/CLASS/FILE` and `test/CLASS/FILE` (or `val/`), or `CLASS/FILE`
 * of which a share becomes the test images; all of it below one more folder where an archive was packed so. Classes are
 * sorted by name and numbered in that order, as PyTorch's ImageFolder does.
 */
import { UserError } from '../../common/problem.ts';
import type { Problem } from '../../common/problem.ts';
import { hashName, purpose, RandomStream } from '../../common/random.ts';

export interface Sample {
  /** As it stands in the directory or the archive. */
  path: string;
  /** From `train`, `test` or the class on: the same wherever the files lie. */
  name: string;
  label: number;
}

export interface Layout {
  classNames: readonly string[];
  /** In an order in which the classes take turns, so that the first n and the last n have all of them in proportion. */
  train: readonly Sample[];
  test: readonly Sample[];
  /** Folders beside those that are read. */
  ignored: readonly string[];
}

export interface LayoutRequest {
  /** What errors call the whole. */
  root: string;
  /** Relative paths of all files. */
  files: readonly string[];
  /** Where there are no test images: the share of each class to take for them. */
  testShare?: number;
  /** The configuration path of the dataset's options. */
  path: string;
}

type Named = Omit<Sample, 'label'>;

/** A path and its parts below the folder that wraps all. */
interface Candidate {
  path: string;
  parts: readonly string[];
}

const imagePattern = /\.(jpe?g|png)$/i;
/** What systems leave in folders. */
const litter = new Set(['Thumbs.db', 'desktop.ini']);
const maximumProblems = 10;

export function layoutOf(request: LayoutRequest): Layout {
  const candidates = unwrap(request.files.map((path) => ({ path, parts: path.split('/') })).filter(isNoLitter));
  const folders = [...new Set(candidates.filter(({ parts }) => parts.length > 1).map(({ parts }) => parts[0]))];
  const hasSplit = candidates.some(({ parts }) => parts[0] === 'train' && parts.length > 2);
  const layout = hasSplit ? splitLayout(candidates, folders, request) : sharedLayout(candidates, request);
  if (layout.classNames.length < 2) throw refuse(request, badFolder(`there is one class, ${layout.classNames[0]}; two are needed to tell them apart`));
  return layout;
}

const isNoLitter = ({ parts }: Candidate): boolean => !parts.some((part) => part.startsWith('.')) && !litter.has(parts[parts.length - 1]);

/** Without the one folder that holds everything, where there is one and classes lie below it. */
function unwrap(candidates: readonly Candidate[]): readonly Candidate[] {
  const images = candidates.filter(({ path }) => imagePattern.test(path));
  const [outer] = images[0]?.parts ?? [];
  if (outer === undefined || outer === 'train' || !images.every(({ parts }) => parts[0] === outer && parts.length > 2)) return candidates;
  return candidates.filter(({ parts }) => parts[0] === outer).map(({ path, parts }) => ({ path, parts: parts.slice(1) }));
}

function splitLayout(candidates: readonly Candidate[], folders: readonly string[], request: LayoutRequest): Layout {
  const testFolder = ['test', 'val'].find((name) => folders.includes(name));
  const inFolder = (name: string): Candidate[] =>
    candidates.filter(({ parts }) => parts[0] === name).map(({ path, parts }) => ({ path, parts: parts.slice(1) }));
  const train = byClass(inFolder('train'), 'train/', request);
  const ignored = folders.filter((name) => name !== 'train' && name !== testFolder);
  if (testFolder === undefined) return { ...withShare(train, request), ignored };
  if (request.testShare !== undefined) {
    throw refuse(request, { code: 'two-tests', message: `there are test images in ${testFolder}/ already`, fix: 'leave test_share out', path: `${request.path}.test_share` });
  }
  const test = byClass(inFolder(testFolder), `${testFolder}/`, request);
  const classNames = [...train.keys()];
  const unknown = [...test.keys()].filter((name) => !train.has(name));
  if (unknown.length > 0) {
    throw refuse(request, { code: 'bad-folder', message: `${testFolder}/ has classes that train/ has not: ${someOf(unknown)}`, fix: 'nothing could be learnt of them; remove or rename their folders' });
  }
  return { classNames, train: takeTurns(train, classNames), test: takeTurns(test, classNames), ignored };
}

function sharedLayout(candidates: readonly Candidate[], request: LayoutRequest): Layout {
  // Beside class folders a README or a list of labels is welcome.
  const inFolders = candidates.filter(({ parts, path }) => parts.length > 1 || imagePattern.test(path));
  return { ...withShare(byClass(inFolders, '', request), request), ignored: [] };
}

/** Files by class, both sorted. Refuses what is no image, lies in no class or too deep, naming each. */
function byClass(candidates: readonly Candidate[], prefix: string, request: LayoutRequest): Map<string, Named[]> {
  const problems: string[] = [];
  const classes = new Map<string, Named[]>();
  for (const { path, parts } of candidates) {
    const [folder, file] = parts;
    if (parts.length < 2) problems.push(`${path} lies in no folder of a class`);
    else if (parts.length > 2) problems.push(`${path} lies too deep: the images of a class lie in its folder`);
    else if (!imagePattern.test(file)) problems.push(`${path} is no JPEG or PNG file by its name`);
    else if (/[\u0000-\u001f\u007f]/.test(folder)) problems.push(`${JSON.stringify(folder)} cannot be the name of a class: it has control characters`);
    else addTo(classes, folder, { path, name: `${prefix}${folder}/${file}` });
  }
  if (problems.length > 0) throw refuse(request, ...problems.slice(0, maximumProblems).map((message) => badFolder(message)), ...moreOf(problems));
  if (classes.size === 0) throw refuse(request, badFolder(`${prefix === '' ? 'there are' : `${prefix} has`} no folders with images`));
  const sorted = [...classes].toSorted(([a], [b]) => compareCodePoints(a, b));
  return new Map(sorted.map(([name, files]) => [name, files.toSorted((a, b) => (a.name < b.name ? -1 : 1))]));
}

function addTo<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

const badFolder = (message: string): Problem => ({ code: 'bad-folder', message, fix: 'expected train/CLASS/*.jpg and test/CLASS/*.jpg, or CLASS/*.jpg and test_share' });
const moreOf = (problems: readonly string[]): Problem[] => (problems.length > maximumProblems ? [badFolder(`and ${problems.length - maximumProblems} more such files`)] : []);

function withShare(classes: ReadonlyMap<string, Named[]>, request: LayoutRequest): Omit<Layout, 'ignored'> {
  const { testShare, path } = request;
  if (testShare === undefined) {
    throw refuse(request, { code: 'no-test-images', message: 'there are no test images: no folder test or val', fix: 'write test_share: 0.1 to take a tenth of each class for them', path: `${path}.test_share` });
  }
  const train = new Map<string, Named[]>(), test = new Map<string, Named[]>();
  for (const [name, files] of classes) {
    const drawn = drawShare(name, files.length, testShare);
    train.set(name, files.filter((_, index) => !drawn.has(index)));
    test.set(name, files.filter((_, index) => drawn.has(index)));
  }
  const classNames = [...classes.keys()];
  return { classNames, train: takeTurns(train, classNames), test: takeTurns(test, classNames) };
}

/** The same images for every seed, so that runs are tested on the same ones. At least one is left to train on. */
function drawShare(className: string, count: number, share: number): ReadonlySet<number> {
  const random = new RandomStream(0, purpose.split, hashName(className));
  const wanted = Math.min(count - 1, Math.max(1, Math.round(count * share)));
  const order = Array.from({ length: count }, (_, index) => index);
  for (let i = 0; i < wanted; i++) {
    const j = i + random.below(count - i);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return new Set(order.slice(0, wanted));
}

/** File i of n stands at (i + 1/2) / n: where classes are equally large they simply take turns. */
function takeTurns(classes: ReadonlyMap<string, readonly Named[]>, classNames: readonly string[]): Sample[] {
  const placed = classNames.flatMap((className, label) => {
    const files = classes.get(className) ?? [];
    return files.map((file, index) => ({ at: (index + 0.5) / files.length, sample: { ...file, label } }));
  });
  return placed.toSorted((a, b) => a.at - b.at || a.sample.label - b.sample.label).map(({ sample }) => sample);
}

/** As Python sorts; JavaScript's own order differs beyond U+FFFF. */
function compareCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

const someOf = (names: readonly string[]): string => `${names.slice(0, 5).join(', ')}${names.length > 5 ? ', ...' : ''}`;

function refuse({ root, path }: LayoutRequest, ...problems: readonly Problem[]): UserError {
  return new UserError(problems.map((problem) => ({ path: `${path}.path`, ...problem, message: `${root}: ${problem.message}` })));
}
