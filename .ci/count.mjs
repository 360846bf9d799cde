// Prints `PASSED FAILED` for the vitest report FILE; a run that broke off, or files that did not load, count as failed too.
import { existsSync, readFileSync } from 'node:fs';

const [file, exitCode] = process.argv.slice(2);
const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
const passed = report?.numPassedTests ?? 0;
const failed = report?.numFailedTests ?? 0;
const brokeOff = exitCode !== '0' && failed === 0;
console.log(`${passed} ${failed + (brokeOff ? 1 : 0)}`);
