/** What the supervisor itself has to tell: of workers, of the configuration, of its own end. */
import type { NewEvent } from '../event-book.ts';
import type { ReloadReport } from '../reload.ts';

/** Accepting has ended; what is under way ends. */
export const DRAIN_EVENT: NewEvent = {
  kind: 'balancer',
  tone: 'note',
  subject: 'balancer',
  column: 'balancer',
  from: 'serving',
  to: 'draining',
  reason: 'operator',
  detail: '',
};

/** A worker serves, or is gone: `why` says how. */
export function workerEvent(index: number, isThere: boolean, why: string): NewEvent {
  return {
    kind: 'worker',
    tone: isThere ? 'good' : 'bad',
    subject: `worker ${index}`,
    column: 'worker',
    from: isThere ? 'started' : 'serving',
    to: isThere ? 'serving' : 'gone',
    reason: isThere ? '' : 'ended',
    detail: why,
  };
}

/** The end of a reload. */
export function reloadEvent({ ok, changed, number, cause, message }: ReloadReport): NewEvent {
  const now = `configuration ${number}`;
  return {
    kind: 'configuration',
    tone: ok ? 'note' : 'bad',
    subject: 'configuration',
    column: 'configuration',
    from: ok && changed ? `configuration ${number - 1}` : now,
    to: now,
    reason: ok ? cause : 'refused',
    detail: message,
  };
}
