import { assert } from '../../base/errors.ts';
import {
  LDAP_MESSAGE_BYTES_MAX,
  encodeBind,
  encodeUnbind,
  readBindAnswer,
} from '../../codec/ldap-bind.ts';
import type { LdapAnswer } from '../../codec/ldap-bind.ts';
import { ByteStore } from './byte-store.ts';
import { printable } from './printable.ts';
import { ProbeRun } from './probe-run.ts';
import { ProbeSocket } from './probe-socket.ts';
import type { ProbeReader, ProbeTalk, ProbeTls } from './probe-socket.ts';
import type { CancelProbe, ProbeResult, ProbeTarget } from './probe.ts';
import { readSecret } from './secret.ts';

/** Results of a bind with names that people know (RFC 4511, appendix A). */
const RESULTS: Readonly<Record<number, string>> = {
  0: 'success',
  1: 'operationsError',
  2: 'protocolError',
  7: 'authMethodNotSupported',
  8: 'strongerAuthRequired',
  13: 'confidentialityRequired',
  32: 'noSuchObject',
  34: 'invalidDNSyntax',
  48: 'inappropriateAuthentication',
  49: 'invalidCredentials',
  50: 'insufficientAccessRights',
  51: 'busy',
  52: 'unavailable',
  53: 'unwillingToPerform',
  80: 'other',
};

/**
 * Binds to a directory server by name and password, or anonymously; result 0 passes. Called once
 * per probe of an `ldap` check.
 */
export function ldapProbe(target: ProbeTarget, done: (result: ProbeResult) => void): CancelProbe {
  const plan = target.probe;
  assert(plan.kind === 'ldap', 'ldapProbe is given ldap checks only');
  const run = new ProbeRun(target, done);
  const tls = plan.tls === null ? null : { plan: plan.tls, isLater: false };
  if (plan.password === null) begin(run, tls, encodeBind(plan.bindDn, ''));
  else void beginWith(run, tls, plan.bindDn, plan.password);
  return () => run.cancel();
}

async function beginWith(
  run: ProbeRun,
  tls: ProbeTls | null,
  bindDn: string,
  password: Parameters<typeof readSecret>[0],
): Promise<void> {
  run.awaits = 'local';
  const secret = await readSecret(password);
  if (run.isOver) return;
  if (secret.ok) begin(run, tls, encodeBind(bindDn, secret.text));
  else run.finish('local-setup', secret.detail);
}

function begin(run: ProbeRun, tls: ProbeTls | null, request: Uint8Array): void {
  run.awaits = 'connection';
  new ProbeSocket(run, tls, new LdapTalk(request));
}

class LdapTalk implements ProbeTalk, ProbeReader {
  readonly reader = this;
  readonly #request: Uint8Array;
  readonly #store = new ByteStore(LDAP_MESSAGE_BYTES_MAX + 1);

  constructor(request: Uint8Array) {
    this.#request = request;
  }

  connected(probe: ProbeSocket): void {
    probe.write(Buffer.from(this.#request));
  }

  data(probe: ProbeSocket, chunk: Buffer): void {
    this.#store.append(chunk);
    conclude(probe, readBindAnswer(this.#store.bytes));
  }

  ended({ run }: ProbeSocket): void {
    run.finish('closed', 'closed before the answer to the bind');
  }
}

function conclude(probe: ProbeSocket, answer: LdapAnswer): void {
  const { run } = probe;
  switch (answer.kind) {
    case 'more':
      return;
    case 'bad':
      run.finish('protocol', answer.problem);
      return;
    case 'too-large':
      run.finish('too-large', `the answer exceeds ${LDAP_MESSAGE_BYTES_MAX} bytes`);
      return;
    case 'disconnect':
      run.finish('status', `the server disconnects: ${resultText(answer.code, answer.diagnostic)}`);
      return;
    case 'answer':
      if (answer.code !== 0) {
        run.finish('status', resultText(answer.code, answer.diagnostic));
        return;
      }
      probe.write(Buffer.from(encodeUnbind()));
      run.pass('bound');
      return;
    default:
      answer satisfies never;
  }
}

function resultText(code: number, diagnostic: string): string {
  const name = RESULTS[code];
  const text = name === undefined ? `result ${code}` : `result ${code} (${name})`;
  return diagnostic === '' ? text : `${text}: ${printable(diagnostic)}`;
}
