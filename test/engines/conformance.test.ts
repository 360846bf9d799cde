/** Every engine against the float64 reference, with the kernels that are the fastest here; test/long/kernels.test.ts does it for all. */
import { allCases, testConformance } from './conformance/suite.ts';
import { wasm } from './conformance/targets.ts';

testConformance([wasm(1, true), wasm(2, false)], allCases);
