/** A plan for the fake engine: 95 images, batches of 10, hence 10 steps an epoch, the last of 5 images. */
import type { TrainingPlan } from '../../src/training/training.ts';

export const plan: TrainingPlan = {
  training: {
    epochs: 3,
    batch_size: 10,
    loss: { type: 'cross_entropy', options: { label_smoothing: 0 } },
    optimizer: { type: 'sgd', options: { lr: 0.1, momentum: 0.9, nesterov: false, weight_decay: 0 } },
    schedule: { type: 'cosine', options: { warmup_epochs: 1, warmup_steps: 0, final: 0, minimum: 0 } },
  },
  trainCount: 95,
  hasValidation: false,
};
