/**
 * A programming error on demand, so that a test can see that it ends its own connection and nothing
 * else. Only where the environment has BALLAST_TEST_FAULT=1: nowhere but in tests.
 */
import { FIELD_STRIDE } from '../codec/http1-head.ts';
import type { RequestHead } from '../codec/http1-head.ts';
import { textOf } from './buffers.ts';

export const injectsFaults = process.env['BALLAST_TEST_FAULT'] === '1';

/** Throws for a request that has a field X-Ballast-Fault; with "heap" it takes all memory. */
export function injectFault(head: RequestHead): void {
  for (let i = 0, f = 0; i < head.fieldCount; i++, f += FIELD_STRIDE) {
    const name = textOf(head.fields[f]!, head.fields[f + 1]!);
    if (name.toLowerCase() !== 'x-ballast-fault') continue;
    if (textOf(head.fields[f + 2]!, head.fields[f + 3]!) === 'heap') exhaustHeap();
    throw new Error('a fault that was asked for');
  }
}

/** Takes memory until there is none: V8 ends the process, or the kernel does. */
function exhaustHeap(): never {
  const hoard: number[][] = [];
  for (;;) hoard.push(Array.from({ length: 10_000 }, (_, i) => i));
}

/** What a datagram begins with that asks for a fault. */
const FAULT = Buffer.from('x-ballast-fault');

/** Throws for a datagram of `length` bytes at `at` that asks for it. */
export function injectDatagramFault(from: Buffer, at: number, length: number): void {
  const asks =
    length >= FAULT.length && from.compare(FAULT, 0, FAULT.length, at, at + FAULT.length) === 0;
  if (asks) throw new Error('a fault that was asked for');
}

/** Throws for a plan with a listener of this name, once all of it is compiled. */
export function injectPlanFault(
  listeners: Iterable<{ readonly plan: { readonly key: string } }>,
): void {
  for (const { plan } of listeners) {
    if (plan.key === 'x-ballast-fault') throw new Error('a fault that was asked for');
  }
}
