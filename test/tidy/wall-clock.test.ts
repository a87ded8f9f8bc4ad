// The wall clock may be set by an hour at any moment: it is read for people and for dates of the
// outside world alone, never for a time limit.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { read, typeScriptFiles, withoutComments } from './sources.ts';

/** Who may read the wall clock, and what for. */
const READERS: Readonly<Record<string, string>> = {
  'src/cli': 'what commands print, and the ends of certificates',
  'src/control/acme': 'ends of certificates, Retry-After; waits go by the other clock',
  'src/control/admin/event-stream.ts': 'a line for people',
  'src/control/admin/traffic.ts': 'labels of points; rates go by the other clock',
  'src/control/certificates': 'validity of certificates, age of ticket keys beyond a restart',
  'src/control/event-book.ts': 'times of events',
  'src/control/guardian/address-status.ts': 'since when, as ISO 8601',
  'src/control/health-board.ts': 'when an operator asked for something',
  'src/control/handover/upgrader.ts': 'when an upgrade ended',
  'src/control/history': 'times of configurations',
  'src/control/names/name-memory.ts': 'age of what was known before a restart',
  'src/control/names/names-file.ts': 'age of what was known before a restart',
  'src/control/product-log.ts': 'times of the log',
  'src/control/reload.ts': 'when a reload ended',
  'src/control/server-states': 'since when something is so',
  'src/control/status.ts': 'when a process was started',
  'src/control/supervisor.ts': 'when the process was started',
  'src/control/worker-process.ts': 'when the process was started',
  'src/guard/advert-auth.ts': 'numbers of signatures, by which peers tell the new from the old',
  'src/guard/group.ts': 'since when a group is in its state',
  'src/lab/compare.ts': 'the date of a report',
  'src/plane/access-log.ts': 'times of the access log',
  'src/plane/orphan.ts': 'a name that nobody had before',
  'src/plane/own-answer.ts': 'the field Date',
};

const WALL_CLOCK = /\bDate\.now\b|\bnew Date\(/;

const isProduct = (path: string): boolean =>
  path.startsWith('src/') && !/(\.(test|bench|fuzz)|-testkit)\.ts$/.test(path);

const readers = typeScriptFiles.filter(
  (path) => isProduct(path) && WALL_CLOCK.test(withoutComments(read(path))),
);

const holds = (entry: string, path: string): boolean =>
  path === entry || path.startsWith(`${entry}/`);

test('the wall clock is read for people and dates alone, by listed files', () => {
  const entries = Object.keys(READERS);
  assert.deepEqual(
    readers.filter((path) => !entries.some((entry) => holds(entry, path))),
    [],
  );
  const unused = entries.filter((entry) => !readers.some((path) => holds(entry, path)));
  assert.deepEqual(unused, []);
});
