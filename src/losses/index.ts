/** The catalogue of losses: one file each, one line here. */
import { crossEntropy } from './cross-entropy.ts';
import type { Loss } from './loss.ts';

export const losses: readonly Loss[] = [crossEntropy];

const byName = new Map(losses.map((loss) => [loss.name, loss]));

export function lossNamed(name: string): Loss | undefined {
  return byName.get(name);
}
