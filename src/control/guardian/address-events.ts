import type { NewEvent } from '../event-book.ts';

/** What a guardian has to tell, for the list of events. */
export function addressEvent(
  level: 'info' | 'warn' | 'error',
  group: string,
  message: string,
): NewEvent {
  const [first = ''] = message.split(':');
  const isState = /^(active|backup|fault)$/.test(first);
  return {
    kind: 'address',
    tone: level === 'info' ? (first === 'active' ? 'good' : 'note') : 'bad',
    subject: group === '' ? 'address' : group,
    column: 'address',
    from: '',
    to: isState ? first : '',
    reason: level,
    detail: message,
  };
}
