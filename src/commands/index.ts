/** The verbs of `exp`, in the order of `exp --help`. A verb's module is loaded only when it is asked for. */
import type { Command } from './command.ts';

export interface Verb {
  name: string;
  aliases?: readonly string[];
  summary: string;
  load(): Promise<{ command: Command }>;
}

export const verbs: readonly Verb[] = [
  { name: 'run', aliases: ['train'], summary: 'Train what a configuration describes and keep the record', load: () => import('./run.ts') },
  { name: 'resume', summary: 'Go on with a run that was interrupted', load: () => import('./resume.ts') },
  { name: 'eval', summary: 'Accuracy and loss of a run over the test images', load: () => import('./eval.ts') },
  { name: 'predict', summary: 'What a run takes pictures for', load: () => import('./predict.ts') },
  { name: 'ls', summary: 'List the runs', load: () => import('./ls.ts') },
  { name: 'compare', summary: 'Show runs side by side, with the settings in which they differ', load: () => import('./compare.ts') },
  { name: 'validate', summary: 'Check configurations and show every mistake', load: () => import('./validate.ts') },
  { name: 'config', summary: 'Print a configuration with everything filled in', load: () => import('./config.ts') },
  { name: 'augment', summary: 'A picture of what the augmentation makes of training images', load: () => import('./augment.ts') },
  { name: 'data', summary: 'Count, measure and hash the images of a configuration', load: () => import('./data.ts') },
  { name: 'inspect', summary: 'Show what every layer gives, costs and sees', load: () => import('./inspect.ts') },
  { name: 'profile', summary: 'Show where the time of training goes, and how long it will take', load: () => import('./profile.ts') },
  { name: 'diff', summary: 'Show how two configurations or runs differ, layer by layer', load: () => import('./diff.ts') },
  { name: 'lint', summary: 'Advise on the design of networks', load: () => import('./lint.ts') },
  { name: 'schema', summary: 'Print the JSON Schema of configurations', load: () => import('./schema.ts') },
];

export function verbNamed(name: string | undefined): Verb | undefined {
  return verbs.find((verb) => verb.name === name || verb.aliases?.includes(name ?? ''));
}
