/**
 * The public API: what the command line is built on.
 *
 * @example
 * ```ts
 * import { createModel, loadExperiment } from 'exp-convnet';
 *
 * const { experiment } = loadExperiment({ file: 'configs/quickstart.yaml', overrides: ['train.epochs=1'] });
 * const model = createModel(experiment);
 * await model.train({ observer: { epochEnded: ({ metrics }) => console.log(metrics['test/accuracy']) } });
 * model.saveWeights('digits.safetensors');
 *
 * const images = model.normalize(new Uint8Array(28 * 28));             // one black image, [1, 1, 28, 28]
 * const { data } = await model.forward(images);                        // logits, [1, 10]
 * const seen = await model.activations(images, ['conv1', 'maxpool1']); // by layer name, [1, channels, height, width]
 * await model.close();
 * ```
 *
 * Everything that can be wrong with what was given is thrown as `UserError`, which carries all problems with their
 * places; `describeProblem` makes them readable.
 */

// Configurations
export { loadExperiment } from './config/index.ts';
export type { LoadedExperiment, LoadRequest } from './config/index.ts';
export type { AugmentationEntry, Experiment, LayerEntry, Model as ModelDescription, Training } from './config/experiment.ts';
export type { Entry } from './common/entry.ts';

// Networks
export { buildNetwork, initialWeights } from './network/index.ts';
export { multiplyAdds, parameterCount } from './network/network.ts';
export type { Network, NetworkLayer } from './network/network.ts';
export type { Shape } from './common/shape.ts';

// Models
export { createModel, Model } from './api/model.ts';
export type { Layout, ModelOptions, TrainOptions } from './api/model.ts';
export type { FinishedEpoch, Observer, StepFigures, TrainingResult } from './training/training.ts';
export type { EpochMetrics, TrainingState } from './training/state.ts';
export type { Evaluation } from './engines/engine.ts';

// Images
export { datasetFacts, loadDataset, dataLocations } from './datasets/index.ts';
export type { DatasetFacts, LoadedDataset, Split } from './datasets/dataset.ts';
export { createSplit } from './datasets/splits.ts';
export { readImageFile } from './data/index.ts';

// Weights in files
export { encodeTensors, parseTensors, TensorFileError } from './common/safetensors.ts';
export type { Tensor, Tensors } from './common/tensor.ts';

// What was wrong
export { UserError } from './common/problem.ts';
export type { Place, Problem } from './common/problem.ts';
export { describeProblem } from './common/describe-problem.ts';
