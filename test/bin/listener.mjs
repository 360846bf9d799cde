// What the launcher's tests start as `exp`: `exit CODE`, `kill SIGNAL` (itself), or says which signals come until none has for a while.
import { followLauncher } from '../../dist/bin/hand-over.js';

const [what, argument] = process.argv.slice(2);
const quietMilliseconds = 300;

let count = 0;
let quiet;
for (const signal of ['SIGTERM', 'SIGINT', 'SIGUSR1']) {
  process.on(signal, () => {
    count += 1;
    console.log(signal);
    clearTimeout(quiet);
    quiet = setTimeout(() => {
      console.log(`done ${count}`);
      process.exit(0);
    }, quietMilliseconds);
  });
}

if (what === 'follow') followLauncher(process.env);
console.log('ready');
if (what === 'exit') process.exit(Number(argument));
if (what === 'kill') process.kill(process.pid, argument);
setTimeout(() => process.exit(9), 15_000);
