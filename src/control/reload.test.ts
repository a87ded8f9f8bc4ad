import assert from 'node:assert/strict';
import test from 'node:test';
import { BallastError } from '../base/errors.ts';
import type { Diagnostic } from '../config/diagnostic.ts';
import { planOf } from './health/test-plan.ts';
import { Reloader, type LoadedConfig, type ReloaderOptions, type ReloadReport } from './reload.ts';

const MISTAKE: Diagnostic = {
  severity: 'error',
  code: 'BAL_CONFIG_EMPTY',
  message: 'm',
  hint: '',
  file: 'f',
  line: 1,
  column: 1,
};

function reloader(options: Partial<ReloaderOptions>): { it: Reloader; reports: ReloadReport[] } {
  const reports: ReloadReport[] = [];
  const it = new Reloader({
    file: '/b.yaml',
    load: () => Promise.resolve({ plan: planOf([]), diagnostics: [], source: '' }),
    apply: () => Promise.resolve(true),
    inForce: () => ({ version: 2, number: 7, digest: 'd' }),
    onReport: (report) => reports.push(report),
    ...options,
  });
  return { it, reports };
}

test('Reloader reports the version that was put in force', async () => {
  const { it, reports } = reloader({});
  const report = await it.request();
  assert.equal(report.ok, true);
  assert.equal(report.changed, true);
  assert.equal(report.version, 2);
  assert.equal(report.number, 7);
  assert.match(report.message, /^configuration 7 is in force/);
  assert.deepEqual(reports, [report]);
  assert.equal(it.last, report);
});

test('Reloader applies nothing when the file has mistakes, and hands them on', async () => {
  const { it } = reloader({
    load: () => Promise.resolve({ plan: null, diagnostics: [MISTAKE], source: '' }),
    apply: () => assert.fail('must not apply'),
  });
  const report = await it.request();
  assert.equal(report.ok, false);
  assert.deepEqual(report.diagnostics, [MISTAKE]);
  assert.match(report.message, /1 mistake: nothing was changed/);
  assert.equal(it.failed, 1);
});

test('Reloader turns an error of applying into a report with its remedy', async () => {
  const error = new BallastError('BAL_LISTEN_IN_USE', 'cannot listen', { hint: 'choose another' });
  const { it } = reloader({ apply: () => Promise.reject(error) });
  const report = await it.request();
  assert.equal(report.ok, false);
  assert.equal(report.message, 'cannot listen: nothing was changed');
  assert.equal(report.hint, 'choose another');
  assert.equal(report.code, 'BAL_LISTEN_IN_USE');
});

test('Reloader gives errors of applying their places in the file', async () => {
  const error = new BallastError('BAL_LISTEN_IN_USE', 'cannot listen', {
    hint: 'choose another',
    at: ['listeners', 'web', 'bind', 0],
  });
  const source = 'listeners:\n  web:\n    bind: 127.0.0.1:80\n';
  const { it } = reloader({
    load: () => Promise.resolve({ plan: planOf([]), diagnostics: [], source }),
    apply: () => Promise.reject(error),
  });
  const [{ file, line, column, code, hint }] = (await it.request()).diagnostics as [Diagnostic];
  assert.deepEqual(
    [file, line, column, code, hint],
    ['/b.yaml', 3, 11, 'BAL_LISTEN_IN_USE', 'choose another'],
  );
});

test('Reloader runs one at a time and makes one more of all asked for meanwhile', async () => {
  let running = 0;
  let loads = 0;
  const releases: (() => void)[] = [];
  const { it } = reloader({
    load: async () => {
      loads += 1;
      running += 1;
      assert.equal(running, 1);
      await new Promise<void>((resolve) => releases.push(resolve));
      running -= 1;
      return { plan: planOf([]), diagnostics: [], source: '' } satisfies LoadedConfig;
    },
  });
  const first = it.request();
  while (releases.length < 1) await Promise.resolve();
  const others = [it.request(), it.request(), it.request()];
  releases[0]!();
  const one = await first;
  while (releases.length < 2) await Promise.resolve();
  releases[1]!();
  const rest = await Promise.all(others);
  assert.equal(loads, 2);
  assert.ok(rest.every((report) => report === rest[0]));
  assert.notEqual(one, rest[0]);
});
