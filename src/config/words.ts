/** Help with names: the nearest one that exists, and the words of other tools. */

/**
 * What other tools call what has a name here. Where the name on the left was written and one on the right may stand
 * in its place, the error says so.
 */
const foreign: Readonly<Record<string, readonly string[]>> = {
  // Layers
  convolution: ['conv'], conv2d: ['conv'], conv_layer: ['conv'], convolutional: ['conv'],
  linear: ['dense'], fc: ['dense'], affine: ['dense'], fully_connected: ['dense'], fullyconnected: ['dense'], inner_product: ['dense'],
  pool: ['maxpool'], pooling: ['maxpool'], max_pool: ['maxpool'], max_pooling2d: ['maxpool'], maxpool2d: ['maxpool'],
  maxpooling2d: ['maxpool'],
  avg_pool: ['avgpool'], avgpool2d: ['avgpool'], averagepooling2d: ['avgpool'], average_pooling: ['avgpool'],
  gap: ['global_avgpool'], global_average_pooling: ['global_avgpool'], globalaveragepooling2d: ['global_avgpool'],
  adaptiveavgpool2d: ['global_avgpool'], global_avg_pool: ['global_avgpool'],
  batch_norm: ['batchnorm'], batchnorm2d: ['batchnorm'], batch_normalization: ['batchnorm'], batchnormalization: ['batchnorm'],
  bn: ['batchnorm'],
  inception: ['branches'], parallel: ['branches'], concatenate: ['concat'], sum: ['add'], skip: ['residual'], shortcut: ['residual'],
  resblock: ['residual'],
  sequential: ['group'],
  // Options of layers
  units: ['features', 'outputs'], out_features: ['features', 'units', 'outputs'], num_outputs: ['features', 'units', 'outputs'],
  hidden_size: ['features', 'units', 'outputs'], size: ['kernel', 'features', 'units', 'outputs'],
  out_channels: ['filters', 'channels'], num_filters: ['filters'], filter_num: ['filters'], filter_count: ['filters'],
  num_output: ['filters', 'features', 'units'], out_planes: ['filters'], channels: ['filters'],
  kernel_size: ['kernel'], filter_size: ['kernel'], pool_size: ['kernel'], window: ['kernel'], pool_h: ['kernel'], pool_w: ['kernel'],
  ksize: ['kernel'],
  strides: ['stride'], pad: ['padding'], pads: ['padding'], dilation_rate: ['dilation'], dilations: ['dilation'], use_bias: ['bias'],
  bias_term: ['bias'],
  num_groups: ['groups'], p: ['rate', 'probability'], dropout_rate: ['rate'], dropout_ratio: ['rate'], ratio: ['rate'],
  prob: ['probability'], chance: ['probability'],
  eps: ['epsilon'], ceil_mode: ['ceil'], input_layer: ['from'], inputs: ['from'], input: ['from'], bottom: ['from'], id: ['name'],
  times: ['times'], count: ['times'], n: ['times'], repeats: ['times'], modules: ['layers'], layers: ['body'], downsample: ['shortcut'],
  // Training
  learning_rate: ['lr'], base_lr: ['lr'], lr0: ['lr'], eta: ['lr'], step_size: ['lr', 'every'], wd: ['weight_decay'],
  decay: ['weight_decay', 'factor'], weightdecay: ['weight_decay'], l2: ['weight_decay', 'penalty'],
  l1: ['penalty'], regularizer: ['penalty'], regularization: ['penalty'], kernel_regularizer: ['penalty'],
  beta_1: ['beta1'], beta_2: ['beta2'], betas: ['beta1'], rho: ['decay', 'alpha'], nesterov_momentum: ['nesterov'],
  num_epochs: ['epochs'], max_epochs: ['epochs'], n_epochs: ['epochs'], epoch: ['epochs'], iterations: ['epochs'], max_iter: ['epochs'],
  batchsize: ['batch_size'], batch: ['batch_size'], mini_batch_size: ['batch_size'], minibatch: ['batch_size'],
  train_batch_size: ['batch_size'],
  criterion: ['loss'], objective: ['loss'], optim: ['optimizer'], solver: ['optimizer'], optimiser: ['optimizer'],
  lr_scheduler: ['schedule'], scheduler: ['schedule'], lr_schedule: ['schedule'], lr_policy: ['schedule'],
  learning_rate_schedule: ['schedule'],
  grad_clip: ['clip_norm'], gradient_clip: ['clip_norm'], clip_grad_norm: ['clip_norm'], gradient_clip_val: ['clip_norm'],
  clip: ['clip_norm'], max_grad_norm: ['clip_norm'], clipnorm: ['clip_norm'],
  // Catalogues
  momentum: ['sgd'], nesterov: ['sgd'], adam_w: ['adamw'], kaiming: ['he'], kaiming_normal: ['he'], he_normal: ['he'], msra: ['he'],
  glorot: ['xavier'], glorot_uniform: ['xavier'], glorot_normal: ['xavier'], xavier_normal: ['xavier'], gaussian: ['normal'],
  multistep: ['step'], multi_step: ['step'], steplr: ['step'], cosineannealinglr: ['cosine'], cosine_annealing: ['cosine'],
  onecycle: ['one_cycle'], onecyclelr: ['one_cycle'],
  crossentropy: ['cross_entropy'], softmax_cross_entropy: ['cross_entropy'], categorical_crossentropy: ['cross_entropy'],
  nll: ['cross_entropy'],
  translate: ['shift'], translation: ['shift'], random_crop: ['crop'], randomcrop: ['crop'], horizontal_flip: ['flip'], hflip: ['flip'],
  mirror: ['flip'], rotation: ['rotate'], random_rotation: ['rotate'],
  // The frame
  data: ['dataset'], train_data: ['dataset'], network: ['model'], net: ['model'], architecture: ['model'], arch: ['model'],
  training: ['train'], trainer: ['train'], fit: ['train'],
  augment: ['augmentation'], augmentations: ['augmentation'], transforms: ['augmentation'], transform: ['augmentation'],
  random_seed: ['seed'], base: ['extends'], _base_: ['extends'], defaults: ['extends'], inherit: ['extends'], init: ['initializer'],
  initialiser: ['initializer'], weight_init: ['initializer'], num_classes: ['classes'], input_shape: ['input'], input_dim: ['input'],
  parameters: ['params'], args: ['params'],
};

/** Layers that other tools write and that are not layers here. */
const notALayer: Readonly<Record<string, string>> = {
  input: 'leave it out: the input shape comes from the dataset, or from model.input',
  activation: 'write the activation as a layer of its own: relu',
};

/** How to mend an unknown name: our word for it, where it belongs, the nearest name, or all names. */
export function adviseName(written: string, known: readonly string[], elsewhere: () => string | undefined = () => undefined): string {
  const ours = wordForForeign(written, known);
  if (ours !== undefined) return `it is called ${ours} here`;
  const home = elsewhere();
  if (home !== undefined) return home;
  const nearest = nearestName(written, known);
  if (nearest !== undefined) return `did you mean ${nearest}?`;
  if (known.includes('relu') && notALayer[written.toLowerCase()] !== undefined) return notALayer[written.toLowerCase()];
  return known.length ? `there ${known.length === 1 ? 'is' : 'are'}: ${known.join(', ')}` : 'it takes none';
}

/** Our word for another tool's, where it may stand. */
export function wordForForeign(written: string, known: readonly string[]): string | undefined {
  const spellings = [written, written.toLowerCase(), snakeCase(written)];
  for (const spelling of spellings) {
    if (known.includes(spelling)) return spelling;
    const ours = Object.hasOwn(foreign, spelling) ? foreign[spelling].find((word) => known.includes(word)) : undefined;
    if (ours !== undefined) return ours;
  }
  return undefined;
}

/** The nearest of several names, if it is near enough to be meant. */
export function nearestName(written: string, known: readonly string[]): string | undefined {
  if (written.length > 64) return undefined;
  const bound = Math.max(1, Math.floor(written.length / 3));
  let best: string | undefined;
  let bestDistance = bound + 1;
  for (const name of known) {
    const distance = editDistance(written.toLowerCase(), name.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

const snakeCase = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replaceAll('-', '_').toLowerCase();

/** Insertions, deletions, replacements and swaps of neighbours (Damerau 1964, restricted form). */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, replaced);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length];
}
