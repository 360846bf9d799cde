/** A configuration with everything about it checked that can be known without data: the file, and the shapes in its network. */
import { augmentationNamed } from '../augmentations/index.ts';
import type { Problem } from '../common/problem.ts';
import { UserError } from '../common/problem.ts';
import { examineExperiment } from '../config/index.ts';
import type { Examination, LoadRequest, Parts } from '../config/index.ts';
import { datasetFacts } from '../datasets/index.ts';
import type { DatasetFacts } from '../datasets/dataset.ts';
import { buildNetwork } from '../network/index.ts';
import type { Network } from '../network/network.ts';

export interface Checked {
  /** In the order of the file. */
  problems: readonly Problem[];
  examination: Examination;
  network?: Network;
}

/** Looks for shapes that do not fit even where other parts of the file are wrong, so that all problems come at once. */
export function checkFile(request: LoadRequest): Checked {
  const examination = examineExperiment(request);
  const problems = [...examination.problems];
  const { parts } = examination;
  if (!parts) return { problems: problems.toSorted(byPlace), examination };
  const facts = collect(() => datasetFacts(parts.dataset), problems, parts);
  const network = facts && collect(() => buildNetwork(parts.model, parts.loss, facts), problems, parts);
  if (facts) problems.push(...checkAugmentation(parts, facts));
  return { problems: problems.toSorted(byPlace), examination, ...(network ? { network } : {}) };
}

function checkAugmentation({ augmentation, placeOf }: Parts, { shape }: DatasetFacts): Problem[] {
  return augmentation.flatMap(({ type, options }, index) => {
    const reason = augmentationNamed(type)?.check?.(options, shape);
    if (reason === undefined) return [];
    return [{ code: 'augmentation-misfit', message: reason, fix: 'change it, or leave it out', where: placeOf(`augmentation[${index}]`), path: `augmentation[${index}].${type}` }];
  });
}

/** The result, or undefined with the problems noted; those without a place get that of their path. */
function collect<T>(make: () => T, problems: Problem[], { placeOf }: Parts): T | undefined {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    problems.push(...error.problems.map((problem) => (problem.where ? problem : { ...problem, where: placeOf(problem.path ?? '') ?? placeOf('model.layers') })));
    return undefined;
  }
}

function byPlace(a: Problem, b: Problem): number {
  if (a.where?.file !== b.where?.file) return 0;
  return (a.where?.line ?? 0) - (b.where?.line ?? 0) || (a.where?.column ?? 0) - (b.where?.column ?? 0);
}
