/** The catalogue of initializers: one line each. */
import type { Initializer } from './initializer.ts';
import { orthogonal } from './orthogonal.ts';
import { he, lecun, normal, xavier } from './normal.ts';
import { zeros } from './zeros.ts';

export const initializers: readonly Initializer[] = [he, xavier, lecun, normal, zeros, orthogonal];

const byName = new Map(initializers.map((initializer) => [initializer.name, initializer]));

export function initializerNamed(name: string): Initializer | undefined {
  return byName.get(name);
}
