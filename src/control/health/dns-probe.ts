import { assert } from '../../base/errors.ts';
import { dnsCodeName } from '../../codec/dns.ts';
import type { DnsMessage, DnsRecord } from '../../codec/dns.ts';
import { canonicalDnsName } from '../../codec/dns-name.ts';
import { formatIp, parseIp } from '../../codec/ip-address.ts';
import type { DnsProbePlan } from '../../config/plan-check.ts';
import { DnsQuery } from '../names/dns-query.ts';
import { TcpFrameReader, tcpFrame } from '../names/tcp-frames.ts';
import { ProbeRun } from './probe-run.ts';
import { ProbeSocket } from './probe-socket.ts';
import type { ProbeReader, ProbeTalk } from './probe-socket.ts';
import type { CancelProbe, ProbeResult, ProbeTarget } from './probe.ts';
import { askByUdp } from './udp-question.ts';

/** Datagrams that are no answer to the question; more end the probe. */
export const DNS_FOREIGN_MAX = 64;

/**
 * Asks a name server one question over UDP or TCP; an answer with an accepted code passes, and where
 * something is expected it must be in the answer. What does not fit into a datagram is asked for
 * over TCP, where it is needed. Called once per probe of a `dns` check.
 */
export function dnsProbe(target: ProbeTarget, done: (result: ProbeResult) => void): CancelProbe {
  const plan = target.probe;
  assert(plan.kind === 'dns', 'dnsProbe is given dns checks only');
  const run = new ProbeRun(target, done);
  // Without EDNS: the answer is small, and every name server understands it.
  const query = DnsQuery.make(plan.name, plan.type, false);
  if (query === null) {
    setImmediate(() => run.finish('local-setup', `"${plan.name}" is not a name`));
  } else {
    const question = new DnsQuestion(run, plan, query);
    if (plan.transport === 'tcp') new ProbeSocket(run, null, new DnsTalk(question));
    else askByUdp(run, question);
  }
  return () => run.cancel();
}

/** One question and the judgement of what comes back. Made once per probe. */
class DnsQuestion {
  readonly query: DnsQuery;
  readonly run: ProbeRun;
  readonly #plan: DnsProbePlan;
  #foreign = 0;

  constructor(run: ProbeRun, plan: DnsProbePlan, query: DnsQuery) {
    this.run = run;
    this.#plan = plan;
    this.query = query;
  }

  request(): string {
    return Buffer.from(this.query.bytes).toString('latin1');
  }

  /** Judges one datagram; what is not an answer to the question is passed over. */
  judge(bytes: Uint8Array): number {
    const received = this.query.receive(bytes);
    switch (received.kind) {
      case 'foreign':
        this.#countForeign();
        break;
      case 'fault':
        this.run.finish('protocol', received.fault);
        break;
      case 'truncated':
        this.#judgeTruncated(received.head.code);
        break;
      case 'answer':
        this.judgeAnswer(received.message);
        break;
      default:
        received satisfies never;
    }
    return bytes.length;
  }

  judgeAnswer({ code, answers }: DnsMessage): void {
    if (!this.#isAccepted(code)) return;
    const { expect, type } = this.#plan;
    const found = answers.filter(({ data }) => data.kind === type);
    if (expect !== null && !found.some((record) => isExpected(record, expect))) {
      this.run.finish('body', `${dnsCodeName(code)}, but ${missingText(found.length, type)}`, true);
      return;
    }
    const records = `${found.length} ${type} ${found.length === 1 ? 'record' : 'records'}`;
    this.run.pass(`${dnsCodeName(code)}, ${records}`, true);
  }

  #judgeTruncated(code: number): void {
    if (!this.#isAccepted(code)) return;
    if (this.#plan.expect === null) {
      this.run.pass(`${dnsCodeName(code)}, more than fits into a datagram`);
      return;
    }
    this.run.close(false);
    this.run.awaits = 'connection';
    new ProbeSocket(this.run, null, new DnsTalk(this));
  }

  #isAccepted(code: number): boolean {
    const name = dnsCodeName(code);
    const { codes } = this.#plan;
    if (codes.includes(name)) return true;
    this.run.finish('status', `${name}, expected ${codes.join(' or ')}`, true);
    return false;
  }

  #countForeign(): void {
    this.#foreign += 1;
    const count = `${this.#foreign} ${this.#foreign === 1 ? 'datagram' : 'datagrams'}`;
    if (this.#foreign >= DNS_FOREIGN_MAX) {
      this.run.finish('protocol', `${count} and no answer to the question`);
    } else {
      this.run.place = `${count} did not fit the question`;
    }
  }
}

/** The question over TCP: one message each way. */
class DnsTalk implements ProbeTalk, ProbeReader {
  readonly reader = this;
  readonly #question: DnsQuestion;
  readonly #frames = new TcpFrameReader();

  constructor(question: DnsQuestion) {
    this.#question = question;
  }

  connected(probe: ProbeSocket): void {
    probe.write(tcpFrame(this.#question.query.bytes));
  }

  data({ run }: ProbeSocket, chunk: Buffer): void {
    const message = this.#frames.push(chunk);
    if (message === null) return;
    const received = this.#question.query.receive(message);
    if (received.kind === 'answer') this.#question.judgeAnswer(received.message);
    else if (received.kind === 'fault') run.finish('protocol', received.fault, true);
    else run.finish('protocol', 'what came is no answer to the question', true);
  }

  ended({ run }: ProbeSocket): void {
    run.finish('closed', 'closed before the answer');
  }
}

function missingText(count: number, type: string): string {
  return count === 0 ? `no ${type} record` : `none of ${count} ${type} records is the expected one`;
}

/** An address, the name that a record leads to, the whole of a text, a serial number. */
function isExpected({ data }: DnsRecord, expect: string): boolean {
  switch (data.kind) {
    case 'A':
    case 'AAAA': {
      const bytes = parseIp(expect);
      return bytes !== null && formatIp(bytes) === data.address;
    }
    case 'CNAME':
    case 'NS':
    case 'PTR':
    case 'MX':
    case 'SRV':
      return data.target === canonicalDnsName(expect);
    case 'TXT':
      return data.texts.join('') === Buffer.from(expect, 'utf8').toString('latin1');
    case 'SOA':
      return String(data.serial) === expect || data.primary === canonicalDnsName(expect);
    case 'other':
      return false;
    default:
      return data satisfies never;
  }
}
