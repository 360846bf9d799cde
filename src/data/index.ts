/** From images in memory to what the network reads: normalised, augmented, in the order of the epoch; and image files for prediction. */
export { augmentedImages } from './augmented-images.ts';
export { type Batcher, createBatcher } from './batches.ts';
export { createSheet } from './contact-sheet.ts';
export { fitOf, readImageFile } from './image-file.ts';
export { type GreyImage, likeMnist } from './like-mnist.ts';
export { imageSource } from './source.ts';
