/** A health board with a clock, probes and agents that a test moves by hand. */
import { parseAgentReply } from '../../codec/agent-reply.ts';
import type { Plan } from '../../config/plan.ts';
import type { ServerHealthFrame } from '../../plane/worker-protocol.ts';
import { HealthBoard } from '../health-board.ts';
import type { Probe, ProbeReason } from '../health/probe.ts';
import { createProductLog } from '../product-log.ts';
import type { Outlet } from '../outlet.ts';
import type { AgentProbe } from './agent/agent-probe.ts';
import { HandClock } from './hand-clock-testkit.ts';

type LogLine = { readonly level: string; readonly message: string; readonly server?: string };

export class BoardBench {
  readonly clock = new HandClock();
  /** Each list of frames that the workers were told, in order. */
  readonly told: (readonly ServerHealthFrame[])[] = [];
  readonly lines: LogLine[] = [];
  readonly board: HealthBoard;
  readonly #probes: { readonly port: number; readonly done: Parameters<Probe>[1] }[] = [];
  readonly #questions: { readonly host: string; readonly done: Parameters<AgentProbe>[1] }[] = [];

  constructor(plan: Plan) {
    const write = (line: Buffer) => {
      this.lines.push(JSON.parse(line.toString()) as LogLine);
    };
    const outlet = { write } as unknown as Outlet;
    this.board = new HealthBoard({
      log: createProductLog({ outlet, level: 'debug', format: 'json' }),
      onChange: (frames) => void this.told.push(frames),
      clock: this.clock,
      probe: ({ address }, done) => add(this.#probes, { port: address.port, done }),
      ask: ({ host }, done) => add(this.#questions, { host, done }),
    });
    this.board.apply(plan);
  }

  /** Ends the next probe of this port. */
  probed(port: number, reason: ProbeReason): void {
    const place = this.#wait(this.#probes, (probe) => probe.port === port);
    const [probe] = this.#probes.splice(place, 1);
    probe!.done({ passed: reason === 'check-passed', reason, detail: 'text', durationMs: 1 });
  }

  isProbing(port: number): boolean {
    return this.#probes.some((probe) => probe.port === port);
  }

  /** Answers the next question to the agent of this host; null does not answer. */
  agentSays(host: string, line: string | null): void {
    const place = this.#wait(this.#questions, (question) => question.host === host);
    const [question] = this.#questions.splice(place, 1);
    if (line === null) question!.done({ kind: 'failed', detail: 'ECONNREFUSED' });
    else question!.done({ kind: 'answered', reply: parseAgentReply(Buffer.from(line)) });
  }

  /** The columns of a server in short: `up ready 1`, and what the workers were last told. */
  short(key: string): string {
    const { observed, combined, weight } = this.board.view(key)!;
    return `${observed.state} ${combined.administrative} ${weight}`;
  }

  /** The last frame that was told of this server. */
  frame(key: string): ServerHealthFrame | undefined {
    return this.told.flat().findLast((frame) => frame.key === key);
  }

  /** Events in short: `p/1 observed up>down connect-refused`. */
  events(): string[] {
    return this.board.events.list().map(({ server, column, from, to, reason }) => {
      return `${server} ${column} ${from}>${to} ${reason}`;
    });
  }

  /** Log lines of info and above in short. */
  log(): string[] {
    const lines = this.lines.filter(({ level }) => level !== 'debug');
    return lines.map(({ level, message, server }) => `${level} ${server} ${message}`);
  }

  #wait<T>(list: readonly T[], isIt: (item: T) => boolean): number {
    for (let i = 0; i < 1_000; i++) {
      const place = list.findIndex(isIt);
      if (place >= 0) return place;
      this.clock.advance(10);
    }
    throw new Error('nothing was begun within 10 s');
  }
}

function add<T>(list: T[], item: T): () => void {
  list.push(item);
  return () => {
    const place = list.indexOf(item);
    if (place >= 0) list.splice(place, 1);
  };
}
