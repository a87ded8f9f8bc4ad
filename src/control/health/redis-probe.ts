import { assert } from '../../base/errors.ts';
import { readResp, writeRespCommand } from '../../codec/resp.ts';
import type { RespReply } from '../../codec/resp.ts';
import type { RedisProbePlan } from '../../config/plan-check.ts';
import { passwordFirst } from './password-first.ts';
import { ProbeSocket } from './probe-socket.ts';
import type { ProbeReader, ProbeTalk } from './probe-socket.ts';
import type { CancelProbe, ProbeResult, ProbeTarget } from './probe.ts';
import { judgeReplication, readReplication, verdictOfError } from './redis-answers.ts';

/**
 * Logs in where a password is given, sends PING and, for a role or a lag, INFO replication: all at
 * once, so that a check takes one round trip. The connection is closed by RST, which leaves no
 * TIME_WAIT behind. Called once per probe of a `redis` check.
 */
export function redisProbe(target: ProbeTarget, done: (result: ProbeResult) => void): CancelProbe {
  const plan = target.probe;
  assert(plan.kind === 'redis', 'redisProbe is given redis checks only');
  const tls = plan.tls === null ? null : { plan: plan.tls, isLater: false };
  const begin = (run: ProbeSocket['run'], password: string | null): void => {
    void new ProbeSocket(run, tls, new RedisTalk(plan, password));
  };
  return passwordFirst({ target, password: plan.password, begin }, done);
}

const EMPTY = Buffer.alloc(0);

class RedisTalk implements ProbeTalk, ProbeReader {
  readonly reader = this;
  readonly #plan: RedisProbePlan;
  readonly #commands: (readonly string[])[] = [];
  #answered = 0;
  #bytes: Buffer = EMPTY;

  constructor(plan: RedisProbePlan, password: string | null) {
    this.#plan = plan;
    if (password !== null) {
      this.#commands.push(['AUTH', ...(plan.user === '' ? [] : [plan.user]), password]);
    }
    this.#commands.push(['PING']);
    if (plan.role !== 'any' || plan.maxLagMs > 0) this.#commands.push(['INFO', 'replication']);
  }

  connected(probe: ProbeSocket): void {
    probe.write(Buffer.from(this.#commands.map(writeRespCommand).join(''), 'utf8'));
  }

  data({ run }: ProbeSocket, chunk: Buffer): void {
    // Bounded: readResp refuses a reply beyond its limit, and what follows the last is not kept.
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    let at = 0;
    while (!run.isOver) {
      const result = readResp(this.#bytes, at);
      if (result.kind === 'more') break;
      if (result.kind === 'fault') {
        run.finish('protocol', result.fault, true);
        return;
      }
      at = result.end;
      this.#take(run, result.reply);
    }
    this.#bytes = this.#bytes.subarray(at);
  }

  ended({ run }: ProbeSocket): void {
    run.finish('closed', `closed before the answer to ${this.#commands[this.#answered]![0]!}`);
  }

  #take(run: ProbeSocket['run'], reply: RespReply): void {
    const command = this.#commands[this.#answered++]![0]!;
    if (reply.kind === 'error') {
      const { reason, detail } = verdictOfError(reply.text, command);
      run.finish(reason, detail, true);
    } else if (reply.kind !== 'text') {
      run.finish('protocol', `the answer to ${command} is no text`, true);
    } else if (command === 'INFO') {
      const found = readReplication(reply.text);
      if (typeof found === 'string') {
        run.finish('protocol', found, true);
        return;
      }
      const { reason, detail } = judgeReplication(this.#plan, found);
      run.finish(reason, detail, true);
    } else if (reply.text !== (command === 'AUTH' ? 'OK' : 'PONG')) {
      run.finish('protocol', `the answer to ${command} is not the one that Redis gives`, true);
    } else if (this.#answered === this.#commands.length) {
      run.pass('PONG', true);
    }
  }
}
