/**
 * From a file to the completed experiment, as the list in `examineExperiment` reads. Every mistake is collected:
 * `loadExperiment` throws them all at once, `examineExperiment` gives them with what could be made of the rest.
 */
import type { Entry } from '../common/entry.ts';
import type { Place, Problem } from '../common/problem.ts';
import { UserError } from '../common/problem.ts';
import { buildAugmentation, buildEntry, buildExperiment, buildModel } from './build.ts';
import { check } from './check.ts';
import { canonical } from './canonical.ts';
import type { Scope } from './canonical.ts';
import { complete } from './complete.ts';
import { compose } from './compose.ts';
import type { Composition } from './compose.ts';
import { expand } from './expand.ts';
import type { Experiment, FlatModel } from './experiment.ts';
import { flatTree } from './flat.ts';
import { catalogues, experimentForm } from './language.ts';
import type { Form } from './language.ts';
import { splitPath, valueAt } from './locate.ts';
import { applyOverrides, readOverrides } from './overrides.ts';
import { explainTree, printExperiment } from './print.ts';
import { createResolver, resolveOutsideBlocks } from './references.ts';
import { broken, hasBroken, toPlain, valueOf } from './tree.ts';
import type { MapTree, Report, Tree } from './tree.ts';

export { looksLikeOverride } from './overrides.ts';
export { experimentSchema } from './schema.ts';

export interface LoadRequest {
  /** As problems shall show it. */
  file: string;
  /** `train.epochs=2`, `+a.b=v`, `~a.b`. */
  overrides?: readonly string[];
  /** For `$env.NAME`. Absent: that of the process. */
  environment?: Readonly<Record<string, string | undefined>>;
}

export interface LoadedExperiment {
  experiment: Experiment;
  /** Of the file itself, without those it extends. */
  sourceText: string;
  /** Runnable again from any directory. */
  completedYaml: string;
  overrides: readonly string[];
  /** Every value with its path and its origin. */
  explain: readonly { path: string; value: unknown; from: string }[];
}

/** What could be made of a file, and all that is wrong with it. */
export interface Examination {
  problems: readonly Problem[];
  /** Present where nothing is wrong. */
  loaded?: LoadedExperiment;
  /** Present with `loaded`. */
  print?: { asYaml(how: PrintOptions): string; asData(how: PrintOptions): unknown };
  /** Present where nothing is wrong with the network and the dataset: enough to look for shapes that do not fit. */
  parts?: Parts;
}

export interface PrintOptions {
  /** With the origin of every value. */
  explain: boolean;
  /** The layers of `parts.model` written flat, in place of blocks and structures. */
  flat?: FlatModel;
}

export interface Parts {
  model: Experiment['model'];
  dataset: Entry;
  loss: Entry;
  /** Empty where something is wrong in it. */
  augmentation: Experiment['augmentation'];
  /** Where a path stands in the file: `model.input`, `augmentation[0]`. */
  placeOf(path: string): Place | undefined;
}

/** Throws UserError with all problems. */
export function loadExperiment(request: LoadRequest): LoadedExperiment {
  const { problems, loaded } = examineExperiment(request);
  if (!loaded) throw new UserError(problems);
  return loaded;
}

/**
 * 1. the file and those it extends, merged        4. `$` references resolved
 * 2. defaults filled in                           5. blocks and repeats expanded
 * 3. the command line applied                     6. checked against the strict schema
 */
export function examineExperiment(request: LoadRequest): Examination {
  const problems: Problem[] = [];
  const report = onceEach(problems);
  const overrides = readOverrides(request.overrides ?? [], report);
  const composition = compose(request.file, report);
  if (!composition) return { problems };
  const scope = { report, blocks: blockNames(composition.tree) };
  const changed = applyOverrides(complete(composition.tree, experimentForm), overrides, scope, false);
  const resolver = createResolver(changed.tree, request.environment ?? process.env, report);
  const resolved = normalize(resolveOutsideBlocks(asMap(changed.tree), resolver), scope);
  const expanded = asMap(applyOverrides(expand(resolved, resolver, scope), changed.inside, scope, true).tree);
  const wrong = checkParts(expanded, composition, report);
  const parts = ['model', 'dataset', 'loss'].some((key) => wrong.has(key)) ? {} : { parts: partsOf(expanded, wrong.has('augmentation')) };
  if (problems.length) return { problems, ...parts };
  const completed = changed.inside.length ? expanded : resolved;
  const chosen = (how: PrintOptions): MapTree => (how.flat ? flatTree(expanded, how.flat) : completed);
  return {
    problems,
    loaded: {
      experiment: buildExperiment(expanded),
      sourceText: composition.sourceText,
      // Printed when asked for: `exp validate` need not wait for it.
      get completedYaml() { return printExperiment(completed); },
      overrides: request.overrides ?? [],
      get explain() { return explainTree(completed); },
    },
    print: {
      asYaml: (how) => printExperiment(chosen(how), { explain: how.explain, oneLine: how.flat !== undefined }),
      asData: (how) => (how.explain ? explainTree(chosen(how)) : toPlain(chosen(how))),
    },
    ...parts,
  };
}

/** A block that is wrong is wrong at every use: one report is enough. */
function onceEach(problems: Problem[]): Report {
  const seen = new Set<string>();
  return (problem) => {
    const key = JSON.stringify([problem.where, problem.message]);
    if (!seen.has(key)) problems.push(problem);
    seen.add(key);
  };
}

/** References may have put shorthand where entries stand: `optimizer: $env.OPTIMIZER|adam`. */
function normalize(tree: MapTree, scope: Scope): MapTree {
  return asMap(complete(canonical(tree, experimentForm, '', scope), experimentForm));
}

/** Checks all; gives the parts in which something is wrong or was refused before: top-level keys, and `loss`. */
function checkParts(tree: MapTree, { start, whole }: Composition, report: Report): ReadonlySet<string> {
  const loss = valueOf(valueOf(tree, 'train'), 'loss');
  const wrong = new Set(['model', 'dataset', 'augmentation'].filter((key) => hasBroken(valueOf(tree, key) ?? broken(start))));
  if (!loss || hasBroken(loss)) wrong.add('loss');
  check(tree, expandedForm, '', start, (problem) => {
    wrong.add(partOf(problem.path ?? ''));
    // What seems to be missing may stand in the part that could not be read.
    if (whole || problem.code !== 'missing' || problem.path !== undefined) report(problem);
  });
  return wrong;
}

/** Blocks are gone once they are expanded. */
const expandedForm: Form = { ...experimentForm, fields: Object.fromEntries(Object.entries(experimentForm.fields).filter(([key]) => key !== 'blocks')) };

/** What stands in a block is part of the network. */
function partOf(path: string): string {
  if (path.startsWith('train.loss')) return 'loss';
  const key = path.split(/[.[]/)[0];
  return key === 'blocks' ? 'model' : key;
}

function partsOf(tree: MapTree, withoutAugmentation: boolean): Parts {
  return {
    model: buildModel(valueOf(tree, 'model')!),
    dataset: buildEntry(valueOf(tree, 'dataset')!, catalogues.dataset),
    loss: buildEntry(valueOf(valueOf(tree, 'train'), 'loss')!, catalogues.loss),
    augmentation: withoutAugmentation ? [] : buildAugmentation(valueOf(tree, 'augmentation')!),
    placeOf(path) {
      const found = valueAt(tree, splitPath(path), experimentForm);
      return 'lost' in found ? undefined : found.tree.place;
    },
  };
}

function blockNames(tree: MapTree): string[] {
  const blocks = valueOf(tree, 'blocks');
  return blocks?.kind === 'map' ? [...blocks.properties.keys()] : [];
}

/** The root is a map from the start and stays one. */
function asMap(tree: Tree): MapTree {
  if (tree.kind !== 'map') throw new TypeError('the root of an experiment must be a map');
  return tree;
}
