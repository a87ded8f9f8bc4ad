/** The C floor: bench/c/floor.c. */
import { Child } from '../children.ts';
import { toolPath } from '../tools.ts';
import type { Balancer, Contender, Setup } from './contender.ts';
import { untilServing } from './serving.ts';

async function start(setup: Setup): Promise<Balancer> {
  const child = new Child({
    command: toolPath('floor'),
    args: [setup.port, ...setup.origins].map(String),
    cores: String(setup.core),
  });
  await child.saying(/^port \d+$/m);
  await untilServing(child, setup.port);
  return {
    pids: () => child.family(),
    metricsUrl: null,
    logFile: null,
    stop: () => child.stop(),
  };
}

export const floor: Contender = {
  program: 'floor',
  version: () => Promise.resolve('bench/c/floor.c'),
  serves: (protocol) => protocol === 'http',
  start,
};
