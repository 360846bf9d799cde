/** `exp inspect FILE|RUN`: what every layer of a network gives, costs and sees; drawings of the graph; advice. */
import { Option } from 'commander';
import { defaultThreads } from '../api/prepare.ts';
import { writeDurably } from '../common/durable.ts';
import { advise } from '../network/advice/index.ts';
import { depthForRows, foldNetwork } from '../network/folding.ts';
import { describeDot } from '../report/dot.ts';
import { drawGraph } from '../report/graph-svg.ts';
import { describeMermaid } from '../report/mermaid.ts';
import type { Command, Context } from './command.ts';
import { screenRows } from './folded-table.ts';
import { describeInspection, inspectionAsData } from './inspection.ts';
import { count } from './options.ts';
import { planMemory } from './planned-memory.ts';
import { addDepth, addSubject, readSubject } from './subject.ts';

interface InspectOptions {
  set: string[];
  depth?: number;
  svg?: string;
  mermaid?: boolean;
  dot?: boolean;
  json?: boolean;
  threads?: number;
  out?: string;
}

export const command: Command = {
  configure(verb, context) {
    addDepth(addSubject(verb))
      .option('--svg <file>', 'draw the network into a file')
      .addOption(new Option('--mermaid', 'print the graph for Mermaid').conflicts(['dot', 'json']))
      .addOption(new Option('--dot', 'print the graph for Graphviz').conflicts(['mermaid', 'json']))
      .addOption(new Option('--json', 'print every layer and every figure as JSON').conflicts(['mermaid', 'dot']))
      .option('-t, --threads <number>', 'threads to plan memory for (default: all processors)', count(1, 256))
      .option('-o, --out <directory>', 'where the runs are (default: runs)')
      .addHelpText('after', '\nExamples:\n  exp inspect configs/resnet50.yaml\n  exp inspect configs/googlenet.yaml --depth 3\n  exp inspect configs/deepconvnet-resnet.yaml --svg resnet.svg')
      .action((word: string, overrides: string[], options: InspectOptions) => inspect(word, [...overrides, ...options.set], options, context));
  },
};

/** A drawing of more nodes is no picture any more. */
const drawnNodes = 120;

async function inspect(word: string, overrides: readonly string[], options: InspectOptions, context: Context): Promise<void> {
  const subject = readSubject(word, { overrides, out: options.out }, context);
  const { summary } = subject;
  const foldsFor = (rows: number): ReturnType<typeof foldNetwork> => foldNetwork(summary, options.depth ?? depthForRows(summary, rows));
  if (options.svg !== undefined) {
    writeDurably(options.svg, drawGraph(foldsFor(drawnNodes), summary.input));
    context.stderr.write(`${options.svg} shows ${subject.label}\n`);
  }
  if (options.mermaid) return context.stdout.write(describeMermaid(foldsFor(drawnNodes), summary.input));
  if (options.dot) return context.stdout.write(describeDot(foldsFor(drawnNodes), summary.input));
  const notes = advise(subject, subject.experiment.lint?.allow);
  const memory = await planMemory(subject.network, subject.experiment, options.threads ?? defaultThreads());
  if (options.json) context.stdout.write(`${JSON.stringify(inspectionAsData(subject, memory, notes), undefined, 2)}\n`);
  else context.stdout.write(describeInspection(subject, memory, foldsFor(screenRows), notes, context.stdout));
}
