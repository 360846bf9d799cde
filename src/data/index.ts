/** From images in memory to what the network reads: normalised, augmented, in the order of the epoch; and image files for prediction. */
export { type Batcher, createBatcher } from './batches.ts';
export { readImageFile } from './image-file.ts';
export { type GreyImage, likeMnist } from './like-mnist.ts';
export { imageSource } from './source.ts';
