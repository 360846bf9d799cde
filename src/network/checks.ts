/** What must be true of the network as a whole. */
import { describeShape, sameShape, sizeOf } from '../common/shape.ts';
import type { Shape } from '../common/shape.ts';
import { layerNamed } from '../layers/index.ts';
import type { Ref } from '../layers/layer.ts';
import { doubtOf } from './construction.ts';
import type { Construction } from './construction.ts';
import { placed } from './problems.ts';

/** What the dataset says. */
export interface Facts {
  shape: Shape;
  classes: number;
}

/** What the model says of its input and its classes must agree with the data. */
export function checkFacts(state: Construction, input: Shape, facts: Facts): void {
  if (!sameShape(input, facts.shape)) {
    state.problems.push({
      code: 'input-mismatch',
      message: `is ${describeShape(input)}, but the images of the dataset are ${describeShape(facts.shape)}`,
      fix: 'leave model.input out: the dataset tells it',
      path: 'model.input',
    });
  }
  if (state.classes !== facts.classes) {
    state.problems.push({
      code: 'classes-mismatch',
      message: `is ${state.classes}, but the dataset has ${facts.classes} classes`,
      fix: 'leave model.classes out: the dataset tells it',
      path: 'model.classes',
    });
  }
}

/** A classifier ends in one number per class. */
export function checkLogits(state: Construction, output: Ref, what: string): void {
  const { shape } = output;
  if (doubtOf(state, [output]) !== undefined) return;
  checkNoSoftmax(state, output, what);
  if (shape.channels === state.classes && sizeOf(shape) === state.classes) return;
  const site = state.sites[widthGiver(state, output.index)];
  const given = sizeOf(shape) === shape.channels ? `${shape.channels} numbers` : `feature maps of ${describeShape(shape)}`;
  state.problems.push({
    code: 'logits-mismatch',
    message: `${what} ends in ${given}, but the dataset has ${state.classes} classes`,
    fix: sizeOf(shape) === shape.channels ? 'write the word classes instead of the number' : 'end with dense: classes',
    ...(site === undefined ? { path: 'model.layers' } : placed(site, layerNamed(site.entry.type)?.main)),
  });
}

/** A softmax of a softmax learns badly, and nothing would say so. */
function checkNoSoftmax(state: Construction, output: Ref, what: string): void {
  const site = state.sites[output.index];
  if (site === undefined || state.layers[output.index].primitives.at(-1)?.op !== 'softmax') return;
  state.problems.push({
    code: 'softmax-logits',
    message: `${what} ends in softmax, which the loss has in it`,
    fix: 'leave it out: softmax belongs to the loss, and the last layer gives the logits',
    ...placed(site),
  });
}

/** The layer that decides how many numbers come out: the last one with weights. */
function widthGiver(state: Construction, index: number): number {
  let at = index;
  while (state.layers[at].parameters.length === 0 && state.layers[at].inputs.length === 1) at = state.layers[at].inputs[0]!;
  return at;
}

/** Nothing is dropped silently: a layer that nothing reads would never learn. */
export function checkUse(state: Construction, outputs: readonly number[]): void {
  const read = new Set([...outputs, ...state.layers.flatMap((layer) => layer.inputs)]);
  state.layers.forEach((layer, index) => {
    const site = state.sites[index];
    if (read.has(index) || site === undefined) return;
    state.problems.push({
      code: 'unused-layer',
      message: `nothing reads what ${layer.name} gives`,
      fix: 'remove it, or name it in a `from` further down',
      ...placed(site),
    });
  });
}
