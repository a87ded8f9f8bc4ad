/**
 * Sets the wall clock of a process forward or back, as JavaScript sees it: loaded before the program
 * (`node --import stepped-clock.ts?file=PATH`). The file holds the step in ms and is read again and
 * again. The machine's own clock is left alone, and so is the one that never goes back.
 */
import { readFileSync } from 'node:fs';

const READ_EVERY_MS = 20;

const file = new URL(import.meta.url).searchParams.get('file') ?? '';
const now = Date.now;
let stepMs = 0;
let readAtMs = -Infinity;

function step(): number {
  if (performance.now() - readAtMs > READ_EVERY_MS) {
    readAtMs = performance.now();
    try {
      stepMs = Number(readFileSync(file, 'utf8'));
    } catch {
      // The step before stays.
    }
  }
  return stepMs;
}

class SteppedDate extends Date {
  constructor(...args: [] | [string | number | Date]) {
    if (args.length === 0) super(now() + step());
    else super(args[0]);
  }

  static override now(): number {
    return now() + step();
  }
}

globalThis.Date = SteppedDate as DateConstructor;
