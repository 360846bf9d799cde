/** The whole conformance suite with every variant of the kernels; `narrow` must give the bits of `wide`. */
import { describe } from 'vitest';
import { kernelVariants } from '../../src/engines/engine.ts';
import { allCases, testConformance } from '../engines/conformance/suite.ts';
import { wasm } from '../engines/conformance/targets.ts';

/** Separate multiply and add round twice. */
const tolerances = { wide: 1e-4, narrow: 1e-4, plain: 2e-4 };

describe.each(kernelVariants)('%s kernels', (kernels) => {
  testConformance([wasm(1, true, kernels), wasm(2, false, kernels), ...(kernels === 'narrow' ? [wasm(1, false, 'wide')] : [])], allCases, tolerances[kernels]);
});
