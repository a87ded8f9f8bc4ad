/**
 * Clocks that can be set: libfaketime stands in for the wall clock of all programs on a host, the
 * clock that only goes forward stays as it is, as when somebody sets the time of a machine.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Setting } from './contenders/contender.ts';

const PLACES = ['x86_64', 'aarch64'].map(
  (machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`,
);

/** What must be installed for it and is not. */
export function missingForClocks(): string[] {
  return PLACES.some((path) => existsSync(path)) ? [] : ['libfaketime'];
}

const offsetFile = ({ folder }: Setting, node: string): string => join(folder, `${node}.clock`);

/** Programs that are started on a host from now on have a clock that `setClock` sets. */
export function giveClock(setting: Setting, node: string): void {
  setClock(setting, node, 0);
  setting.network.setEnvironment(node, {
    LD_PRELOAD: PLACES.find((path) => existsSync(path)) ?? '',
    FAKETIME_TIMESTAMP_FILE: offsetFile(setting, node),
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    // So often they look at the file, in s: a step is seen within two seconds.
    FAKETIME_CACHE_DURATION: '1',
  });
}

/** Sets the clock of a host: seconds from the machine's time. */
export function setClock(setting: Setting, node: string, offsetS: number): void {
  writeFileSync(offsetFile(setting, node), `${offsetS < 0 ? '' : '+'}${offsetS}\n`);
}
