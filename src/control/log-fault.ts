/** What is said of an access log that takes no lines. */
import type { LogFault } from './log-sink.ts';
import type { ProductLog } from './product-log.ts';

/** Says once that lines begin to be lost, and once that they are written again. */
export function accessLogFault(log: ProductLog): LogFault {
  return (target, error) => {
    if (error === null) log.info(`access log "${target}": lines are written again`);
    else log.error(`access log "${target}": lines are lost: ${error.message}`);
  };
}
