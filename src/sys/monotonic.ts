/** CLOCK_MONOTONIC in ms: the same clock in all processes of this machine, until it is booted. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
