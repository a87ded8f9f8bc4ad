/** What the certificates of ACME have to tell to the book of events. */
import type { NewEvent } from '../event-book.ts';
import type { AcmeError } from './acme-error.ts';

/** A certificate was obtained; `isFirst` where there was none before. */
export function obtainedEvent(subject: string, isFirst: boolean, detail: string): NewEvent {
  return event(subject, { tone: 'good', from: isFirst ? 'none' : 'valid', to: 'valid', detail });
}

/** An order has failed; what was there before serves on. */
export function failedEvent(subject: string, isFirst: boolean, error: AcmeError): NewEvent {
  const { code: reason, message: detail } = error;
  const from = isFirst ? 'none' : 'valid';
  return { ...event(subject, { tone: 'bad', from, to: 'failed', detail }), reason };
}

type Parts = Pick<NewEvent, 'tone' | 'from' | 'to' | 'detail'>;

function event(subject: string, parts: Parts): NewEvent {
  return { kind: 'certificate', subject, column: 'acme', reason: 'acme', ...parts };
}
