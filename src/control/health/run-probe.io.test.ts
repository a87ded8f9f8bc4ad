import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProbePlan } from '../../config/plan-check.ts';
import { runProbe } from './run-probe.ts';
import { closing } from './test-behaviours.ts';
import { httpProbePlan } from './test-plan.ts';
import { runOnce } from './test-run.ts';
import { TestServer } from './test-server.ts';

/** Each is the first of its kind in this process: its code is read then. */
const PLANS: readonly ProbePlan[] = [
  { kind: 'smtp', hello: 'ballast.test', tls: null, startTls: false },
  { kind: 'ldap', bindDn: '', password: null, tls: null },
  { kind: 'sip', transport: 'tcp', uri: '', statuses: [[200, 299]] },
];

for (const probe of PLANS) {
  test(`the first ${probe.kind} probe waits for its code, unless it is cancelled`, async (t) => {
    const server = await TestServer.start(closing);
    t.after(async () => server.stop());
    const target = {
      address: server.address,
      tlsName: 'a',
      probe,
      timeoutMs: 5000,
      server: 'a',
      pool: 'p',
    };
    const cancel = runProbe(target, () => assert.fail('a result came'));
    cancel();
    cancel();
    const late = await runOnce(server.address, probe);
    assert.equal(late.reason, 'closed', late.detail);
    await server.quiet();
    assert.equal(server.accepted, 1, 'the cancelled one has not connected');
  });
}

test('runProbe gives no result before it has returned', async (t) => {
  const server = await TestServer.start(closing);
  t.after(async () => server.stop());
  const exec: ProbePlan = { kind: 'exec', command: ['/nonexistent/program'] };
  const refused: ProbePlan = { kind: 'tcp', tls: null, steps: [] };
  for (const probe of [...PLANS, exec, refused, httpProbePlan()]) {
    for (const host of [server.address.host, '224.0.0.1']) {
      let hasReturned = false;
      await new Promise<void>((resolve) => {
        const address = { ...server.address, host };
        runProbe({ address, tlsName: 'a', probe, timeoutMs: 5000, server: 'a', pool: 'p' }, () => {
          assert.equal(hasReturned, true, probe.kind);
          resolve();
        });
        hasReturned = true;
      });
    }
  }
});
