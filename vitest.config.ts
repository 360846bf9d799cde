/**
 * Three suites: `*.test.ts` is quick, needs nothing and runs at each `npm test`; what lies in `test/long/` takes minutes
 * or real data; `*.peers.test.ts` needs Python with the packages that it names.
 */
import { defineConfig } from 'vitest/config';

const long = 'test/long/**/*.test.ts';
const peers = 'test/**/*.peers.test.ts';
const minute = 60_000;

export default defineConfig({
  test: {
    environment: 'node',
    // Processes, not threads: V8 flags, signals and memory limits belong to a process.
    pool: 'forks',
    maxWorkers: 2,
    setupFiles: ['test/setup.ts'],
    restoreMocks: true,
    projects: [
      { extends: true, test: { name: 'quick', include: ['test/**/*.test.ts'], exclude: [long, peers], testTimeout: 20_000, hookTimeout: 20_000 } },
      { extends: true, test: { name: 'long', include: [long], exclude: [peers], testTimeout: 15 * minute, hookTimeout: 5 * minute } },
      { extends: true, test: { name: 'peers', include: [peers], testTimeout: 5 * minute, hookTimeout: 5 * minute } },
    ],
  },
});
