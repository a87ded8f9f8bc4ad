/** What an upgrade in place starts: this program as it is on the disk by then. */
import { fileURLToPath } from 'node:url';
import type { UpgradeProgram } from '../control/handover/succession.ts';

/** Where it is when nobody says: `bin/ballast` tells under which path it was started. */
const OWN_PATH = fileURLToPath(new URL('../../bin/ballast', import.meta.url));

/** Variables that are for one process alone. */
const NOT_PASSED: ReadonlySet<string> = new Set(['BALLAST_PROGRAM', 'WATCHDOG_PID']);

/** Process 1 of a container must stay, whoever is told of the main process. */
const IS_FIRST = process.pid === 1;

/**
 * The same path and the same arguments. `isUnderSystemd`: somebody is told which process is the main
 * one, so that this one need not stay.
 */
export function upgradeProgram(isUnderSystemd: boolean): UpgradeProgram {
  const env = Object.entries(process.env).filter(([name]) => !NOT_PASSED.has(name));
  return {
    path: process.env['BALLAST_PROGRAM'] ?? OWN_PATH,
    args: process.argv.slice(2),
    env: Object.fromEntries(env),
    staysAsStandIn: !isUnderSystemd || IS_FIRST,
  };
}
