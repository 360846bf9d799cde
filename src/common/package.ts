/** What the package says about itself. */
import { readFileSync } from 'node:fs';

interface Package {
  name: string;
  version: string;
  bugs?: { url: string };
}

export function packageVersion(): string {
  return readPackage().version;
}

/** Where to report a mistake of ours. */
export function issuesAddress(): string {
  const { name, bugs } = readPackage();
  return bugs?.url ?? `npm bugs ${name}`;
}

/** Two levels up both from src/common and from dist/common. */
function readPackage(): Package {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
}
