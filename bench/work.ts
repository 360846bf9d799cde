/**
 * How much arithmetic a network is, whoever computes it and by whatever method: multiply-adds of its convolutions and dense
 * layers as they are defined. A multiply-add are two floating-point operations; all else (pools, normalisation,
 * activations, the optimizer) is not counted.
 */
import type { Network } from '../src/network/network.ts';

export type WorkName = 'training' | 'inference';

/** Multiply-adds for one image. */
export type Work = Record<WorkName, number>;

/**
 * Training is three times the forward pass (the outputs, the gradient to the weights, the gradient to the data), less the
 * gradient to the data where the data are the images: nobody needs it.
 */
export function countWork({ layers }: Pick<Network, 'layers'>): Work {
  const forward = layers.reduce((sum, layer) => sum + layer.multiplyAdds, 0);
  const first = layers.filter((layer) => layer.inputs.includes(0)).reduce((sum, layer) => sum + layer.multiplyAdds, 0);
  return { inference: forward, training: 3 * forward - first };
}

/** Thousand millions of floating-point operations a second. */
export function gigaflops(multiplyAddsPerImage: number, imagesPerSecond: number): number {
  return (2 * multiplyAddsPerImage * imagesPerSecond) / 1e9;
}
