/** Where a step's time goes, by layer and pass: the engine's own stopwatch (WorkTime), made into rows. Numbers in, numbers out. */
import type { WorkTime } from '../src/engines/engine.ts';
import type { WorkName } from './work.ts';

export const passes = ['forward', 'data', 'weights'] as const;
export type LayerPass = (typeof passes)[number];

export interface LayerTime {
  /** A layer, or `(update)` and the like for what surrounds the layers. */
  name: string;
  /** How the products of each pass are computed; empty where there are none. */
  method: string;
  /** Milliseconds a batch, all kernels of the pass; the mean of the threads, so that all rows sum up to the batch. */
  milliseconds: Record<LayerPass, number>;
  /** Multiply-adds that are executed for one image, all passes. */
  executed: number;
}

/** `batches`: how many the times are of. What is no gradient (the loss; what surrounds the layers) counts as forward. */
export function layerTimes(times: readonly WorkTime[], work: WorkName, batches: number): LayerTime[] {
  const rows = new Map<string, LayerTime & { methods: Set<string> }>();
  for (const { program, layer, pass, method, executed = 0, seconds } of times) {
    if (program === (work === 'training' ? 'infer' : 'train')) continue;
    // The stopwatch of single batches runs on between them: what surrounds their layers is not told apart from idling.
    if (program === 'around' && work === 'inference') continue;
    const name = program === 'around' ? `(${pass})` : layer;
    const row = rows.get(name) ?? { name, method: '', milliseconds: { forward: 0, data: 0, weights: 0 }, executed: 0, methods: new Set() };
    rows.set(name, row);
    const mean = seconds.reduce((a, b) => a + b, 0) / seconds.length;
    row.milliseconds[passOf(pass)] += (1000 * mean) / batches;
    row.executed += executed;
    if (method !== undefined) row.methods.add(method);
  }
  return [...rows.values()].map(({ methods, ...row }) => ({ ...row, method: [...methods].join(', ') }));
}

export function totalMilliseconds({ milliseconds }: LayerTime): number {
  return passes.reduce((sum, pass) => sum + milliseconds[pass], 0);
}

/** Multiply-adds that are executed for one image. */
export function executedOf(layers: readonly LayerTime[]): number {
  return layers.reduce((sum, layer) => sum + layer.executed, 0);
}

function passOf(pass: string): LayerPass {
  return passes.find((each) => each === pass) ?? 'forward';
}
