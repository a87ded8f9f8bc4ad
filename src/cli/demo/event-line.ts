/** Turns what happens in the demo into lines for people. */
import { readableLine } from '../../control/readable-line.ts';
import type { TrafficCounts } from './traffic.ts';

/** Marks of an event; the words beside them say the same without colour. */
const MARKS = {
  up: ['▲', '\u001b[32m'],
  down: ['▼', '\u001b[31m'],
  note: ['·', '\u001b[2m'],
  act: ['⚑', '\u001b[33m'],
} as const;

export type EventKind = keyof typeof MARKS;

const PLAIN = '\u001b[0m';

/** `10:44:15  ▼ birch is down: connect-refused`. */
export function eventLine(kind: EventKind, text: string, isColoured: boolean): string {
  const [mark, colour] = MARKS[kind];
  const clock = new Date().toTimeString().slice(0, 8);
  const body = `${mark} ${text}`;
  return `${clock}  ${isColoured ? `${colour}${body}${PLAIN}` : body}\n`;
}

type LogEntry = {
  readonly level: string;
  readonly message: string;
  readonly server?: string;
  readonly reason?: string;
  readonly detail?: string;
  readonly worker?: number;
  readonly pid?: number;
  readonly why?: string;
};

/** The event of one line of the balancer's log; "" for lines that a newcomer need not see. */
export function logEvent(json: string, isColoured: boolean): string {
  let entry: LogEntry;
  try {
    entry = JSON.parse(json) as LogEntry;
  } catch {
    return `${json}\n`;
  }
  const { level, message, server, reason, detail, worker, pid, why } = entry;
  if (server !== undefined && server.startsWith('web/')) {
    const name = server.slice('web/'.length);
    if (message === 'server is up') return eventLine('up', `${name} is up`, isColoured);
    if (message === 'server is down') {
      const words = [reason, detail].filter((word) => word !== undefined && word !== '');
      const text = `${name} is down (${words.join(', ')}): the others take its requests`;
      return eventLine('down', text, isColoured);
    }
    return '';
  }
  if (message === 'worker is gone') {
    const text = `worker ${worker} (pid ${pid}) ${why}: its spare takes over`;
    return eventLine('down', text, isColoured);
  }
  if (message === 'worker serves') {
    return eventLine('up', `worker ${worker} (pid ${pid}) serves`, isColoured);
  }
  if (message.startsWith('SIG'))
    return eventLine('note', `the balancer got ${message}`, isColoured);
  return level === 'info' || level === 'debug' ? '' : readableLine(json, isColoured);
}

/** `40 requests/s, 0 failed   alder 67  birch 66  cedar 67`. */
export function trafficLine(counts: TrafficCounts, seconds: number, isColoured: boolean): string {
  const rate = Math.round(counts.requests / seconds);
  const shares = [...counts.byServer].sort(([a], [b]) => a.localeCompare(b));
  const share = shares.map(([name, count]) => `${name} ${count}`).join('  ');
  return eventLine('note', `${rate} requests/s, ${counts.failed} failed   ${share}`, isColoured);
}
