/**
 * Of our own environment only what a child needs: passwords of checks may stand in the rest. A library
 * that stands in for parts of libc, such as an allocator or the clock of a test, is for all processes
 * of a balancer or for none.
 */
const COMMON: ReadonlySet<string> = new Set(['NODE_COMPILE_CACHE', 'LD_PRELOAD']);
/** Settings of libfaketime. */
const CLOCK = /^FAKETIME/;

/** The environment of a child that is given `names` beside what all of them are given. */
export function childEnvironment(names: readonly string[]): NodeJS.ProcessEnv {
  const all = Object.entries(process.env);
  const isFor = (name: string): boolean =>
    COMMON.has(name) || CLOCK.test(name) || names.includes(name);
  return Object.fromEntries(all.filter(([name]) => isFor(name)));
}
