/** The contenders by name. */
import { ballast } from './ballast.ts';
import type { Contender, Program } from './contender.ts';
import { floor } from './floor.ts';
import { haproxy } from './haproxy.ts';
import { nginx } from './nginx.ts';

const CONTENDERS: Readonly<Record<Program, Contender>> = { ballast, haproxy, nginx, floor };

export const PROGRAMS = Object.keys(CONTENDERS) as readonly Program[];

export function contenderOf(program: Program): Contender {
  return CONTENDERS[program];
}
