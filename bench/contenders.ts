/** Who takes part: ours on each Node, and the peers, each with how to install it. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Contender } from './contender.ts';
import type { WorkName } from './work.ts';

export interface Lineup {
  folder: string;
  network: string;
  work: WorkName;
  steps: number;
  /** Each contender once for every number of threads. */
  threads: readonly number[];
  /** Paths of Node. */
  nodes: readonly string[];
  /** Beginnings of names: `pytorch` are all that start so. Absent: those that are sensible for this network. */
  peers?: readonly string[];
}

interface Peer {
  name: string;
  program: string;
  variant: string;
  install: string;
  role: 'rival' | 'other';
  works: readonly WorkName[];
  once?: boolean;
  /** Networks for which it takes part unasked; all where absent. */
  networks?: readonly string[];
  command: string;
}

const both = ['training', 'inference'] as const;
const python = process.env['EXP_PYTHON'] ?? 'python3';
const pytorch = {
  program: 'pytorch.py', role: 'rival', works: both, command: python,
  install: 'pip install torch==2.13.0 numpy --index-url https://download.pytorch.org/whl/cpu; EXP_PYTHON names another Python',
} as const;
const tensorflow = {
  program: 'keras_tensorflow.py', role: 'rival', works: both, command: process.env['EXP_TENSORFLOW_PYTHON'] ?? python,
  install: 'pip install tensorflow-cpu==2.21.0; EXP_TENSORFLOW_PYTHON names a Python of its own',
} as const;

const peers: readonly Peer[] = [
  { name: 'pytorch', ...pytorch, variant: 'nchw' },
  { name: 'pytorch-last', ...pytorch, variant: 'channels_last' },
  { name: 'pytorch-compile', ...pytorch, variant: 'compile' },
  { name: 'tensorflow', ...tensorflow, variant: 'graph' },
  { name: 'tensorflow-xla', ...tensorflow, variant: 'xla' },
  { name: 'onnxruntime', program: 'onnx_runtime.py', variant: '', role: 'other', works: ['inference'], command: python, install: 'pip install onnx onnxruntime numpy' },
  {
    name: 'numpy', program: 'numpy_formulas.py', variant: '', role: 'other', works: both, command: python, install: 'pip install numpy', once: true,
    networks: ['deepconvnet'],
  },
  {
    name: 'tfjs', program: 'tensorflow_js.mjs', variant: process.env['EXP_TFJS'] ?? '', role: 'other', works: both, command: process.execPath, once: true,
    install: 'npm install @tensorflow/tfjs @tensorflow/tfjs-backend-wasm in a folder, and EXP_TFJS=FOLDER',
  },
];

export const peerNames = peers.map((peer) => peer.name);

/** One step of those that are too slow for more. */
const stepsAtOnce = 1;

export function listContenders(lineup: Lineup): Contender[] {
  const { nodes, threads, work, network, peers: wanted } = lineup;
  const takesPart = (peer: Peer): boolean =>
    peer.works.includes(work) && (wanted ? wanted.some((name) => peer.name.startsWith(name)) : peer.networks?.includes(network) ?? true);
  return threads.flatMap((count) => [
    ...nodes.map((node) => ours(lineup, node, count)),
    ...peers.filter(takesPart).map(({ name, program, variant, command, install, role, once = false }): Contender => ({
      name, threads: count, command, install, role, once,
      argv: [fileURLToPath(new URL(`./peers/${program}`, import.meta.url)), ...shared(lineup, count, once ? stepsAtOnce : lineup.steps), variant],
    })),
  ]);
}

/** `timed`: measures where its time goes. */
export function ours(lineup: Lineup, node: string, threads: number, timed = false): Contender {
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim().slice(1);
  return {
    name: `exp, Node ${version}`, threads, command: node, install: 'npm ci', role: 'ours', once: false,
    argv: [fileURLToPath(new URL('./ours.mjs', import.meta.url)), ...shared(lineup, threads, lineup.steps), ...(timed ? ['timed'] : [])],
  };
}

/**
 * glibc gives large blocks back to the system when they are freed, and gets them anew, page by page, at every step, unless a process
 * happens to have freed a large one before. PyTorch trains DeepConvNet up to 1.5 times as fast where it keeps them: so all do.
 */
const keepMemory = { MALLOC_MMAP_THRESHOLD_: String(2 ** 30), MALLOC_TRIM_THRESHOLD_: String(2 ** 32) };

/**
 * What a contender finds in its environment: memory that it keeps, the threads it may use, for libraries that take them from there, and no
 * variable that forces old kernels on OpenBLAS.
 */
export function environmentFor({ threads }: Contender): NodeJS.ProcessEnv {
  const { OPENBLAS_CORETYPE: _kernels, OPENBLAS_L2_SIZE: _cache, ...environment } = process.env;
  const count = String(threads);
  return { ...environment, ...keepMemory, OMP_NUM_THREADS: count, OPENBLAS_NUM_THREADS: count, MKL_NUM_THREADS: count };
}

function shared({ folder, work }: Lineup, threads: number, steps: number): string[] {
  return [folder, work, String(threads), String(steps)];
}
