/** What the demonstration's client says of its connections. */
export type DemoReport = {
  /** Connections that stay: opened at the start, and lost since. */
  readonly open: number;
  readonly lost: number;
  /** New ones since the start: answered, and not. */
  readonly opened: number;
  readonly failed: number;
  /** Longest time without any answer since the last report, in ms. */
  readonly gapMs: number;
};

/** One line of it. */
export function reportLine({ open, lost, opened, failed }: DemoReport): string {
  return `${open - lost} of ${open} connections live, ${lost} lost; new ones: ${opened} served, ${failed} failed`;
}
