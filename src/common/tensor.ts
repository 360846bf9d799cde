/** A dense float32 tensor in row-major order. Weights are kept in PyTorch's layout (convolution [out, in / groups, height, width], dense [out, in]). */
export interface Tensor {
  shape: readonly number[];
  data: Float32Array;
}

/** Tensors by name, e.g. `conv1.weight`, in a fixed order. */
export type Tensors = Map<string, Tensor>;
