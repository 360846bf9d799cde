/** Joins, zeros around images, repeated cells, and flattening. */
import { sizeOf } from '../../common/shape.ts';
import { outputShape } from '../../layers/primitives.ts';
import type { PrimitiveOf } from '../../layers/primitives.ts';
import { at, forEachCell, zeros } from './operation.ts';
import type { FeatureMaps, Operation } from './operation.ts';

type Join = PrimitiveOf<'join'>;

export const join: Operation<Join> = {
  forward(primitive, inputs) {
    if (primitive.kind === 'concat') return concatenate(primitive, inputs);
    const combine = primitive.kind === 'add' ? (a: number, b: number): number => a + b : (a: number, b: number): number => a * b;
    const [first, ...others] = inputs;
    return { ...first, data: first.data.map((value, i) => others.reduce((total, each) => combine(total, each.data[i]), value)) };
  },

  backward(primitive, inputs, _values, _context, gradient) {
    if (primitive.kind === 'concat') return { inputs: split(inputs, gradient), parameters: {} };
    if (primitive.kind === 'add') return { inputs: inputs.map(() => gradient), parameters: {} };
    const toInputs = inputs.map((input, index) => {
      const others = inputs.filter((_, other) => other !== index);
      return { ...input, data: gradient.data.map((slope, i) => others.reduce((product, other) => product * other.data[i], slope)) };
    });
    return { inputs: toInputs, parameters: {} };
  },
};

function concatenate(primitive: Join, inputs: readonly FeatureMaps[]): FeatureMaps {
  const output = zeros(inputs[0].count, outputShape(primitive, inputs.map((each) => each.shape)));
  let behind = 0;
  for (const input of inputs) {
    const channelsBefore = behind;
    forEachCell(input, (image, channel, row, column, i) => {
      output.data[at(output.shape, image, channelsBefore + channel, row, column)] = input.data[i];
    });
    behind += input.shape.channels;
  }
  return output;
}

/** The part of the gradient that belongs to each input. */
function split(inputs: readonly FeatureMaps[], gradient: FeatureMaps): FeatureMaps[] {
  let behind = 0;
  return inputs.map((input) => {
    const part = zeros(input.count, input.shape);
    const channelsBefore = behind;
    forEachCell(part, (image, channel, row, column, i) => {
      part.data[i] = gradient.data[at(gradient.shape, image, channelsBefore + channel, row, column)];
    });
    behind += input.shape.channels;
    return part;
  });
}

export const pad: Operation<PrimitiveOf<'pad'>> = {
  forward(primitive, [input]) {
    const output = zeros(input.count, outputShape(primitive, [input.shape]));
    forEachCell(input, (image, channel, row, column, i) => {
      output.data[at(output.shape, image, channel, row + primitive.padding.top, column + primitive.padding.left)] = input.data[i];
    });
    return output;
  },

  backward(primitive, [input], _values, _context, gradient) {
    const toInput = zeros(input.count, input.shape);
    forEachCell(toInput, (image, channel, row, column, i) => {
      toInput.data[i] = gradient.data[at(gradient.shape, image, channel, row + primitive.padding.top, column + primitive.padding.left)];
    });
    return { inputs: [toInput], parameters: {} };
  },
};

export const upsample: Operation<PrimitiveOf<'upsample'>> = {
  forward(primitive, [input]) {
    const output = zeros(input.count, outputShape(primitive, [input.shape]));
    forEachRepetition(primitive, input, output, (x, y) => { output.data[y] = input.data[x]; });
    return output;
  },

  backward(primitive, [input], _values, _context, gradient) {
    const toInput = zeros(input.count, input.shape);
    forEachRepetition(primitive, input, gradient, (x, y) => { toInput.data[x] += gradient.data[y]; });
    return { inputs: [toInput], parameters: {} };
  },
};

/** Positions in the input and the output. */
function forEachRepetition({ factor }: PrimitiveOf<'upsample'>, input: FeatureMaps, output: FeatureMaps, visit: (x: number, y: number) => void): void {
  forEachCell(output, (image, channel, row, column, y) => visit(at(input.shape, image, channel, Math.floor(row / factor[0]), Math.floor(column / factor[1])), y));
}

export const flatten: Operation<PrimitiveOf<'flatten'>> = {
  forward: (_primitive, [input]) => ({ ...input, shape: { channels: sizeOf(input.shape), height: 1, width: 1 } }),
  backward: (_primitive, [input], _values, _context, gradient) => ({ inputs: [{ ...gradient, shape: input.shape }], parameters: {} }),
};
