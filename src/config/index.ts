/**
 * From a file to the completed experiment, as the list in `examine` reads. Every mistake is collected; `loadExperiment`
 * throws them all at once, `examine` gives them together with whatever could be made of the rest.
 */
import { readFileSync } from 'node:fs';
import type { Problem } from '../common/problem.ts';
import { UserError } from '../common/problem.ts';
import { buildExperiment } from './build.ts';
import { canonical } from './canonical.ts';
import { check } from './check.ts';
import { complete } from './complete.ts';
import type { Experiment } from './experiment.ts';
import { experimentForm } from './language.ts';
import { explainTree, printExperiment } from './print.ts';
import { readYaml, textSource } from './read.ts';
import type { Report } from './tree.ts';

export interface LoadRequest {
  file: string;
  overrides?: readonly string[];
  environment?: Readonly<Record<string, string | undefined>>;
}

export interface LoadedExperiment {
  experiment: Experiment;
  sourceText: string;
  completedYaml: string;
  overrides: readonly string[];
  explain: readonly { path: string; value: unknown; from: string }[];
}

export function loadExperiment(request: LoadRequest): LoadedExperiment {
  const problems: Problem[] = [];
  const report: Report = (problem) => problems.push(problem);
  const sourceText = readFileSync(request.file, 'utf8');
  const source = textSource(request.file, sourceText);
  const written = readYaml(source, report);
  if (!written) throw new UserError(problems);
  const tree = complete(canonical(written, experimentForm, '', { report, blocks: [] }), experimentForm);
  check(tree, experimentForm, '', source.placeAt(0), report);
  if (problems.length) throw new UserError(problems);
  return { experiment: buildExperiment(tree), sourceText, completedYaml: printExperiment(tree), overrides: request.overrides ?? [], explain: explainTree(tree) };
}
