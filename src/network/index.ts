/** From the completed model to a network with every shape known, and what can be told of it before anything is trained. */
export { buildNetwork } from './build.ts';
export { flattenModel } from './flatten.ts';
export { receptiveFields } from './receptive-field.ts';
export type { ReceptiveField } from './receptive-field.ts';
export { initialWeights } from './weights.ts';
