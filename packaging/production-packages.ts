/**
 * Prints the folders of the packages that the product needs at run time on this machine, one a line:
 * those of package-lock.json without the ones for development and for other systems.
 */
import { existsSync, readFileSync } from 'node:fs';

type Locked = { readonly dev?: boolean; readonly devOptional?: boolean; readonly peer?: boolean };

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  readonly packages: Readonly<Record<string, Locked>>;
};

/** Types are for the compiler alone. */
const isForCompiler = (path: string): boolean => /\/(@types\/|undici-types$)/.test(path);

for (const [path, { dev, devOptional }] of Object.entries(lock.packages)) {
  if (path === '' || dev === true || devOptional === true || isForCompiler(path)) continue;
  // What is optional and for another processor is not there.
  if (existsSync(path)) process.stdout.write(`${path}\n`);
}
