/** How much memory this process may use: the machine's, or less where the container's limit is lower. */
import { totalmem } from 'node:os';

/** In bytes. Without a limit the system reports none or an absurdly large one. */
export function permittedMemoryBytes(): number {
  const limit = process.constrainedMemory() || Infinity;
  return Math.min(limit, totalmem());
}
