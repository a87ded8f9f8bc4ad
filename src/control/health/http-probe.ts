import { assert } from '../../base/errors.ts';
import type { HttpStep } from '../../config/plan-check.ts';
import type { BindPlan } from '../../config/plan.ts';
import { AnswerReader } from './answer-reader.ts';
import type { AnswerVerdict } from './answer-reader.ts';
import { ProbeSocket } from './probe-socket.ts';
import type { ProbeReader, ProbeTalk } from './probe-socket.ts';
import type { CancelProbe, ProbeResult, ProbeTarget } from './probe.ts';

/**
 * Sends one HTTP/1.1 request on a connection of its own and judges the answer: valid framing, an
 * accepted status, and the body where one is asked for. Redirects are not followed. The connection
 * is closed as soon as the verdict is known. Called once per probe of an `http` check.
 */
export function httpProbe(target: ProbeTarget, done: (result: ProbeResult) => void): CancelProbe {
  const plan = target.probe;
  assert(plan.kind === 'http', 'httpProbe is given http checks only');
  const probe = new ProbeSocket(target, new HttpTalk(plan.steps[0]!, target.address), done);
  return () => probe.cancel();
}

class HttpTalk implements ProbeTalk, ProbeReader {
  readonly reader = this;
  readonly #request: string;
  readonly #reader: AnswerReader;

  constructor(step: HttpStep, address: BindPlan) {
    this.#request = requestOf(step, address);
    this.#reader = new AnswerReader(step);
  }

  connected(probe: ProbeSocket): void {
    probe.socket.write(this.#request, 'latin1');
  }

  data(probe: ProbeSocket, chunk: Buffer): void {
    conclude(probe, this.#reader.push(chunk));
  }

  ended(probe: ProbeSocket): void {
    conclude(probe, this.#reader.end());
  }
}

function conclude(probe: ProbeSocket, verdict: AnswerVerdict | null): void {
  if (verdict !== null) probe.finish(verdict.reason, verdict.detail);
}

/** The bytes of the request, as latin1 text. The step's own fields take the place of ours. */
export function requestOf(step: HttpStep, address: BindPlan): string {
  const own: [string, string][] = [
    ['Host', step.host === '' ? authority(address) : step.host],
    ['User-Agent', 'ballast-check'],
    ['Accept', '*/*'],
  ];
  // RFC 9110 §8.6: methods that expect a body say that there is none.
  if (/^(?:POST|PUT|PATCH)$/.test(step.method)) own.push(['Content-Length', '0']);
  const given = new Set(step.fields.map((field) => field.name.toLowerCase()));
  let head = `${step.method} ${step.path} HTTP/1.1\r\n`;
  for (const [name, value] of own) {
    if (!given.has(name.toLowerCase())) head += `${name}: ${value}\r\n`;
  }
  for (const field of step.fields) {
    if (field.name.toLowerCase() !== 'connection') head += `${field.name}: ${field.value}\r\n`;
  }
  return `${head}Connection: close\r\n\r\n`;
}

function authority(address: BindPlan): string {
  if (address.family === 'unix') return 'localhost';
  if (address.family === 'ipv6') return `[${address.host}]:${address.port}`;
  return `${address.host}:${address.port}`;
}
