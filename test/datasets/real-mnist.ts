/** Where the tests find the real MNIST: EXP_DATA_DIR, else ../shared/datasets. Where it is expected and absent, tests fail. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const realDataDirectory = resolve(process.env.EXP_DATA_DIR ?? '../shared/datasets');

const present = existsSync(join(realDataDirectory, 'mnist', 'train-images-idx3-ubyte.gz'));
const expected = process.env.CI === 'true' || process.env.EXP_DATA_DIR !== undefined;

/** Skip only where nobody expects the data. */
export const skipRealMnist = !present && !expected;
if (skipRealMnist) process.stderr.write(`SKIPPED: tests on the real MNIST, which is not in ${realDataDirectory}; set EXP_DATA_DIR\n`);
