/** A residual connection: output = body(x) + shortcut(x). The activation behind the sum is a layer of its own. */
import { either, layerList, required } from '../common/options.ts';
import { describeShape, sameShape } from '../common/shape.ts';
import type { Pair } from '../common/shape.ts';
import { defineStructure, ShapeProblem } from './layer.ts';
import type { Builder, Ref } from './layer.ts';

type Shortcut = 'auto' | 'identity' | 'projection' | 'pad' | readonly unknown[];

export const residual = defineStructure({
  name: 'residual',
  summary: 'Adds a shortcut around a list of layers to what the list computes.',
  source: 'He et al., "Deep residual learning for image recognition", CVPR 2016, section 3.3',
  options: {
    body: required(layerList({ about: 'The layers inside.' })),
    shortcut: either<Shortcut>(
      [{ type: 'string', enum: ['auto', 'identity', 'projection', 'pad'] }, { $ref: '#/definitions/layers' }],
      {
        about:
          'What is added: `identity`; `projection` (1×1 convolution with the body\'s stride, then batch normalisation); `pad` (every stride-th cell, zeros for new channels); `auto` (identity where the shapes agree, else projection); or a list of layers.',
        default: 'auto',
      },
    ),
  },
  main: 'body',

  build(options, builder) {
    const input = builder.inputs[0];
    const body = builder.sequence(options.body, input, 'body');
    const shortcut = buildShortcut(options.shortcut, builder, input, body);
    if (!sameShape(body.shape, shortcut.shape)) {
      throw new ShapeProblem(
        `the body gives ${describeShape(body.shape)} but the shortcut ${describeShape(shortcut.shape)}: they cannot be added`,
        'shortcut',
        options.shortcut === 'identity' ? 'set shortcut: auto, or give the body padding: same' : 'give the convolutions of the body padding: same',
      );
    }
    return builder.layer('add', {}, [body, shortcut]);
  },

  examples: [
    {
      options: { body: [{ conv: { filters: 4, kernel: 3, padding: 1 } }, 'relu', { conv: { filters: 4, kernel: 3, padding: 1 } }] },
      input: { channels: 4, height: 5, width: 3 },
    },
    {
      options: { body: [{ conv: { filters: 6, kernel: 3, stride: 2, padding: 1, bias: false } }, 'batchnorm'] },
      input: { channels: 4, height: 5, width: 6 },
    },
    {
      options: { body: [{ conv: { filters: 7, kernel: 3, stride: 2, padding: 1 } }], shortcut: 'pad' },
      input: { channels: 4, height: 5, width: 6 },
    },
    {
      options: { body: ['relu'], shortcut: [{ conv: { filters: 3, kernel: 1 } }] },
      input: { channels: 3, height: 2, width: 3 },
    },
  ],
});

/** Cells of the input from one of the body's output to the next. */
function strideOf(builder: Builder, input: Ref, body: Ref): Pair {
  const stride = builder.strideBetween(input, body);
  if (stride.every(Number.isInteger)) return stride;
  throw new ShapeProblem('the body makes the image larger: no projection follows it', 'shortcut', 'give the shortcut as a list of layers that does so too, with upsample or conv_transpose');
}

function buildShortcut(shortcut: Shortcut, builder: Builder, input: Ref, body: Ref): Ref {
  if (typeof shortcut !== 'string') return builder.sequence(shortcut, input, 'shortcut');
  if (shortcut === 'projection' || (shortcut === 'auto' && !sameShape(input.shape, body.shape))) return project(builder, input, body);
  return shortcut === 'pad' ? subsampleAndPad(builder, input, body) : input;
}

/** Option B of the paper. */
function project(builder: Builder, input: Ref, body: Ref): Ref {
  const [vertical, horizontal] = strideOf(builder, input, body);
  const options = { filters: body.shape.channels, kernel: 1, stride: [vertical, horizontal], bias: false };
  const convolved = builder.layer('conv', options, [input], 'shortcut.conv1');
  return builder.layer('batchnorm', {}, [convolved], 'shortcut.batchnorm1');
}

/** Option A of the paper: no weights. A pool with a 1×1 window keeps every stride-th cell. */
function subsampleAndPad(builder: Builder, input: Ref, body: Ref): Ref {
  const [vertical, horizontal] = strideOf(builder, input, body);
  const missing = body.shape.channels - input.shape.channels;
  if (missing < 0) {
    throw new ShapeProblem(`pad cannot make ${body.shape.channels} channels of ${input.shape.channels}`, 'shortcut', 'set shortcut: projection');
  }
  const sampled =
    vertical * horizontal === 1 ? input : builder.layer('maxpool', { kernel: 1, stride: [vertical, horizontal] }, [input], 'shortcut.maxpool1');
  return missing === 0 ? sampled : builder.layer('pad', { channels: missing }, [sampled], 'shortcut.pad1');
}
