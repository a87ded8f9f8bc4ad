/** Metrics of listeners for datagrams; there are none where the plan has no such listener. */
import { DATAGRAM_DROPS } from '../base/datagram-drops.ts';
import { LISTENER_METER } from '../base/meters.ts';
import type { MetersReader } from './meters-reader.ts';
import { headText, tableText } from './metric-text.ts';
import type { Row, Thing } from './metric-text.ts';

const ROWS: readonly Row[] = [
  ['datagrams_sent_total', 'counter', LISTENER_METER.datagramsOut, 'Datagrams to clients.'],
];

const DROPPED = 'ballast_listener_datagrams_dropped_total';

/** Metrics of `listeners`, all of them for datagrams. */
export function* datagramsText(
  listeners: readonly Thing[],
  meters: MetersReader,
): Generator<string> {
  if (listeners.length === 0) return;
  yield* tableText('ballast_listener', listeners, ROWS, meters);
  yield headText(DROPPED, 'counter', 'Datagrams that were not passed on, by cause.');
  for (const { slot, labels } of listeners) {
    for (const [id, [cause]] of DATAGRAM_DROPS.entries()) {
      const value = meters.sum(slot, LISTENER_METER.drops + id);
      yield `${DROPPED}{${labels},cause="${cause}"} ${value}\n`;
    }
  }
}
