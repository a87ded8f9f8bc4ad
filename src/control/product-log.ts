/**
 * The log of the product itself: what starts, ends, changes and fails. JSON lines on standard
 * error, or readable lines when that is a terminal. Never blocks: see `outlet.ts`.
 */
import { pino, type Logger } from 'pino';
import type { Outlet } from './outlet.ts';
import { readableLine } from './readable-line.ts';

/** What the control plane logs with. */
export type ProductLog = Logger;

export type ProductLogOptions = {
  readonly outlet: Outlet;
  readonly level: string;
  /** JSON, or lines for people with or without colours. */
  readonly format: 'json' | 'text' | 'colour';
};

/** Makes the log. Its level can be changed later by setting `level`. */
export function createProductLog({ outlet, level, format }: ProductLogOptions): ProductLog {
  const destination = {
    write(line: string): void {
      outlet.write(Buffer.from(format === 'json' ? line : readableLine(line, format === 'colour')));
    },
  };
  return pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}
