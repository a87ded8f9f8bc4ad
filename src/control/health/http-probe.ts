import { assert } from '../../base/errors.ts';
import type { HttpProbePlan, HttpStep } from '../../config/plan-check.ts';
import type { BindPlan } from '../../config/plan.ts';
import { AnswerReader } from './answer-reader.ts';
import type { AnswerVerdict } from './answer-reader.ts';
import { authorityOf } from './host-port.ts';
import { ProbeRun } from './probe-run.ts';
import { ProbeSocket } from './probe-socket.ts';
import type { ProbeReader, ProbeTalk } from './probe-socket.ts';
import type { CancelProbe, ProbeResult, ProbeTarget } from './probe.ts';

/**
 * Sends the HTTP/1.1 requests of the check one after another, each on a connection of its own, and
 * judges the answers: valid framing, an accepted status, and the body where one is asked for.
 * Redirects are not followed. A connection is closed as soon as its verdict is known; the first
 * that is bad ends the probe. Called once per probe of an `http` check.
 */
export function httpProbe(target: ProbeTarget, done: (result: ProbeResult) => void): CancelProbe {
  const plan = target.probe;
  assert(plan.kind === 'http', 'httpProbe is given http checks only');
  const run = new ProbeRun(target, done);
  begin(run, plan, 0);
  return () => run.cancel();
}

function begin(run: ProbeRun, plan: HttpProbePlan, place: number): void {
  const tls = plan.tls === null ? null : { plan: plan.tls, isLater: false };
  run.awaits = 'connection';
  if (plan.steps.length > 1) run.place = `at request ${place + 1}`;
  new ProbeSocket(run, tls, new HttpTalk(plan, place));
}

class HttpTalk implements ProbeTalk, ProbeReader {
  readonly reader = this;
  readonly #plan: HttpProbePlan;
  readonly #place: number;
  readonly #reader: AnswerReader;

  constructor(plan: HttpProbePlan, place: number) {
    this.#plan = plan;
    this.#place = place;
    this.#reader = new AnswerReader(plan.steps[place]!);
  }

  connected(probe: ProbeSocket): void {
    probe.write(requestOf(this.#plan, this.#place, probe.run.target.address));
  }

  data(probe: ProbeSocket, chunk: Buffer): void {
    this.#conclude(probe, this.#reader.push(chunk));
  }

  ended(probe: ProbeSocket): void {
    this.#conclude(probe, this.#reader.end());
  }

  #conclude(probe: ProbeSocket, verdict: AnswerVerdict | null): void {
    if (verdict === null) return;
    const { run } = probe;
    const count = this.#plan.steps.length;
    if (verdict.reason === 'check-passed' && this.#place + 1 < count) {
      probe.close(false);
      begin(run, this.#plan, this.#place + 1);
    } else {
      const where = count === 1 ? '' : `request ${this.#place + 1}: `;
      run.finish(verdict.reason, where + verdict.detail);
    }
  }
}

/** The bytes of a request. The step's own fields take the place of ours. */
export function requestOf(plan: HttpProbePlan, place: number, address: BindPlan): Buffer {
  const step = plan.steps[place]!;
  const body = Buffer.from(step.bodyBase64, 'base64');
  const own: [string, string][] = [
    ['Host', step.host === '' ? authorityOf(address) : step.host],
    ['User-Agent', 'ballast-check'],
    ['Accept', '*/*'],
  ];
  const given = new Set(step.fields.map((field) => field.name.toLowerCase()));
  let head = `${step.method} ${step.path} HTTP/1.1\r\n`;
  for (const [name, value] of own) {
    if (!given.has(name.toLowerCase())) head += `${name}: ${value}\r\n`;
  }
  for (const { name, value } of step.fields) {
    if (!isOurs(name)) head += `${name}: ${value}\r\n`;
  }
  head += lengthField(step, body.length);
  return Buffer.concat([Buffer.from(`${head}Connection: close\r\n\r\n`, 'latin1'), body]);
}

/** Fields that follow from what is sent. */
function isOurs(name: string): boolean {
  return /^(?:connection|content-length|transfer-encoding)$/i.test(name);
}

/** RFC 9110 §8.6: methods that expect a body say that there is none. */
function lengthField(step: HttpStep, bytes: number): string {
  if (bytes === 0 && !/^(?:POST|PUT|PATCH)$/.test(step.method)) return '';
  return `Content-Length: ${bytes}\r\n`;
}
