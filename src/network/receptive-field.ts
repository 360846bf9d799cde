/**
 * What a cell of a feature map sees of the network's input. Along each axis, the cell at index i sees the input's cells
 * jump · i + low to jump · i + high. Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks"
 * (Distill, 2019), section "The case of arbitrary computation graphs": where paths meet, the union counts.
 */
import type { Padding, Pair, Shape } from '../common/shape.ts';
import type { Primitive, PrimitiveOf } from '../layers/primitives.ts';
import type { Network, NetworkLayer } from './network.ts';

export interface ReceptiveField {
  /** Cells of the input that one cell depends on, [height, width]; where it reaches over the edge, cells of the padding count. */
  size: Pair;
  /** Cells of the input between neighbouring cells, [vertical, horizontal]. */
  jump: Pair;
}

/** Along one axis, in cells of the network's input. */
interface Reach {
  jump: number;
  low: number;
  high: number;
}

export type Field = readonly [vertical: Reach, horizontal: Reach];

/** Of every layer, in order. */
export function receptiveFields(network: Network): ReceptiveField[] {
  const fields: Field[] = [];
  for (const layer of network.layers) {
    const inputs = layer.inputs.map((index) => network.layers[index].shape);
    fields.push(fieldOf(layer, layer.inputs.map((index) => fields[index]), inputs));
  }
  return fields.map(([vertical, horizontal]) => ({
    size: [vertical.high - vertical.low + 1, horizontal.high - horizontal.low + 1],
    jump: [vertical.jump, horizontal.jump],
  }));
}

const oneCell: Reach = { jump: 1, low: 0, high: 0 };

/** The field of a layer from those of its inputs. */
export function fieldOf(layer: Pick<NetworkLayer, 'primitives'>, inputs: readonly Field[], shapes: readonly Shape[]): Field {
  if (inputs.length === 0) return [oneCell, oneCell];
  const start: Field = [union(inputs.map((field) => field[0])), union(inputs.map((field) => field[1]))];
  return layer.primitives.reduce((field, primitive) => through(primitive, field, shapes[0]), start);
}

function union(reaches: readonly Reach[]): Reach {
  return {
    jump: Math.max(...reaches.map((each) => each.jump)),
    low: Math.min(...reaches.map((each) => each.low)),
    high: Math.max(...reaches.map((each) => each.high)),
  };
}

function through(primitive: Primitive, field: Field, input: Shape): Field {
  switch (primitive.op) {
    case 'convolution':
      return slide(field, primitive.kernel, primitive.stride, primitive.dilation, primitive.padding);
    case 'transposedConvolution':
      return spread(field, primitive);
    case 'upsample':
      return spread(field, { kernel: primitive.factor, stride: primitive.factor, dilation: [1, 1], padding: { top: 0, left: 0, bottom: 0, right: 0 } });
    case 'pool':
      return slide(field, primitive.kernel, primitive.stride, [1, 1], primitive.padding);
    case 'pad':
      return slide(field, [1, 1], [1, 1], [1, 1], primitive.padding);
    case 'dense':
    case 'flatten':
      return slide(field, [input.height, input.width], [1, 1], [1, 1], { top: 0, left: 0, bottom: 0, right: 0 });
    // What statistics depend on does not count.
    case 'batchNormalization':
    case 'groupNormalization':
    case 'localResponseNormalization':
    case 'map':
    case 'prelu':
    case 'softmax':
    case 'dropout':
    case 'join':
      return field;
  }
}

/**
 * Output cell p receives from input cell m through tap k where p + padding = stride · m + dilation · k: from
 * ⌊dilation · (kernel - 1) / stride⌋ + 1 neighbouring cells at most.
 */
function spread(field: Field, { kernel, stride, dilation, padding }: Pick<PrimitiveOf<'transposedConvolution'>, 'kernel' | 'stride' | 'dilation' | 'padding'>): Field {
  const before: Pair = [padding.top, padding.left];
  const along = (axis: 0 | 1): Reach => {
    const { jump, low, high } = field[axis];
    const reach = dilation[axis] * (kernel[axis] - 1);
    const first = Math.ceil((before[axis] - reach) / stride[axis]);
    return { jump: jump / stride[axis], low: low + first * jump, high: high + (first + Math.floor(reach / stride[axis])) * jump };
  };
  return [along(0), along(1)];
}

function slide(field: Field, kernel: Pair, stride: Pair, dilation: Pair, padding: Padding): Field {
  const before: Pair = [padding.top, padding.left];
  const along = (axis: 0 | 1): Reach => {
    const { jump, low, high } = field[axis];
    const first = -before[axis];
    const last = first + dilation[axis] * (kernel[axis] - 1);
    return { jump: jump * stride[axis], low: low + first * jump, high: high + last * jump };
  };
  return [along(0), along(1)];
}
