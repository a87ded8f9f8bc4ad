import type { EventEmitter } from 'node:events';
import pg from 'pg';
import { assert } from '../../base/errors.ts';
import type { PostgresProbePlan } from '../../config/plan-check.ts';
import { DatabaseStream } from './database-stream.ts';
import { passwordFirst } from './password-first.ts';
import { verdictOfPostgres } from './postgres-errors.ts';
import {
  LAG_QUERY,
  ROLE_QUERY,
  judgeCatchUp,
  judgeState,
  readState,
  replayedQuery,
} from './postgres-state.ts';
import type { PostgresState } from './postgres-state.ts';
import type { ProbeRun } from './probe-run.ts';
import { ProbeSocket } from './probe-socket.ts';
import type { ProbeReader, ProbeTalk } from './probe-socket.ts';
import type { CancelProbe, ProbeResult, ProbeTarget } from './probe.ts';
import { judgeQuery } from './query-result.ts';
import type { DatabaseVerdict } from './query-result.ts';

/**
 * Logs in (SCRAM-SHA-256, md5, trust; a password in clear text only under TLS), asks for the role
 * and the lag, and runs the operator's query, as far as the check has them. Ends the session as
 * PostgreSQL wants it, so that the server logs nothing. Called once per probe of a `postgres` check.
 */
export function postgresProbe(
  target: ProbeTarget,
  done: (result: ProbeResult) => void,
): CancelProbe {
  const plan = target.probe;
  assert(plan.kind === 'postgres', 'postgresProbe is given postgres checks only');
  const tls = plan.tls === null ? null : { plan: plan.tls, isLater: true };
  const begin = (run: ProbeRun, password: string | null): void => {
    void new ProbeSocket(run, tls, new PostgresTalk(plan, password));
  };
  return passwordFirst({ target, password: plan.password, begin }, done);
}

/** SSLRequest (PostgreSQL, 55.7): length 8, code 80877103. */
const SSL_REQUEST = Buffer.from('0000000804d2162f', 'hex');
const BYTE_S = 0x53;
/** What a replica has received by now must be replayed after this time, or a quarter of the limit. */
const CATCH_UP_MS = 100;

type Row = readonly (string | null)[];

/** First the answer to SSLRequest, if TLS is asked for; then everything is the library's. */
class PostgresTalk implements ProbeTalk, ProbeReader {
  readonly reader = this;
  readonly #plan: PostgresProbePlan;
  readonly #password: string | null;
  #stream: DatabaseStream | null = null;

  constructor(plan: PostgresProbePlan, password: string | null) {
    this.#plan = plan;
    this.#password = password;
  }

  connected(probe: ProbeSocket): void {
    if (this.#plan.tls === null) this.#begin(probe);
    else probe.write(SSL_REQUEST);
  }

  data(probe: ProbeSocket, chunk: Buffer): void {
    if (this.#stream !== null) {
      // The library would wait for as many bytes as garbage, taken for a length, says.
      if (this.#stream.isNew && !couldBegin(chunk)) {
        probe.run.finish('protocol', 'the answer is not one of PostgreSQL');
      } else {
        this.#stream.feed(chunk);
      }
    } else if (chunk.length !== 1) {
      // More than the one byte could be words that somebody put in before TLS (CVE-2021-23222).
      probe.run.finish('protocol', 'the answer to the request for TLS is not one byte');
    } else if (chunk[0] === BYTE_S) {
      probe.startTls(() => this.#begin(probe));
    } else {
      probe.run.finish('tls-handshake', 'the server does not speak TLS');
    }
  }

  ended({ run }: ProbeSocket): void {
    run.finish('closed', 'closed before the check was done');
  }

  #begin(probe: ProbeSocket): void {
    this.#stream = new DatabaseStream(probe);
    const session = new PostgresSession(probe, this.#plan);
    session.begin(this.#stream, this.#password);
  }
}

/** Whether a server's first message can begin like this: R, E, N or v, and shorter than 64 KiB. */
function couldBegin(chunk: Buffer): boolean {
  return 'RENv'.includes(String.fromCharCode(chunk[0]!)) && !chunk[1] && !chunk[2];
}

/** One session with a server: login, role, lag, query, end. */
class PostgresSession {
  readonly #probe: ProbeSocket;
  readonly #run: ProbeRun;
  readonly #plan: PostgresProbePlan;
  #client!: pg.Client;
  #timer: NodeJS.Timeout | undefined;

  constructor(probe: ProbeSocket, plan: PostgresProbePlan) {
    this.#probe = probe;
    this.#run = probe.run;
    this.#plan = plan;
  }

  begin(stream: DatabaseStream, password: string | null): void {
    const { user, database } = this.#plan;
    const config: pg.ClientConfig & { sslnegotiation: string } = {
      user,
      database,
      host: 'server',
      port: 1,
      // A function, because the library would take PGPASSWORD or ~/.pgpass for an empty text.
      password: () => this.#tellPassword(password),
      ssl: false,
      sslnegotiation: 'postgres',
      application_name: 'ballast-check',
      stream: stream as unknown as NonNullable<pg.ClientConfig['stream']>,
      types: { getTypeParser: () => String },
    };
    this.#client = new pg.Client(config);
    const client = this.#client;
    client.on('error', (error) => this.#failed(error, 'server-error'));
    const { connection } = client as unknown as { connection: EventEmitter };
    connection.on('authenticationCleartextPassword', () => this.#forbidClearText());
    client.connect((error: Error | null) => {
      if (error) this.#failed(error, 'server-error');
      else if (!this.#run.isOver) this.#askState();
    });
    stream.emit('connect');
  }

  #tellPassword(password: string | null): string {
    if (password === null) {
      this.#run.finish('auth-failed', 'the server wants a password, and none is configured');
    }
    return password ?? '';
  }

  #forbidClearText(): void {
    if (this.#probe.isSecure) return;
    this.#run.finish('auth-failed', 'the server wants the password in clear text, without TLS');
  }

  #askState(): void {
    const { role, maxLagMs } = this.#plan;
    if (role === 'any' && maxLagMs === 0) {
      this.#askQuery({ reason: 'check-passed', detail: 'logged in' });
      return;
    }
    this.#ask(maxLagMs > 0 ? LAG_QUERY : ROLE_QUERY, 'server-error', (row) => {
      const state = row === undefined ? null : readState(row);
      if (state === null) {
        this.#conclude({ reason: 'protocol', detail: 'the answer about the role is none' });
        return;
      }
      const verdict = judgeState(this.#plan, state);
      if (verdict === null) this.#lookAgain(state);
      else this.#askQuery(verdict);
    });
  }

  /** After a quiet time, the last commit is old though nothing is missing but a moment. */
  #lookAgain(state: PostgresState): void {
    const waitMs = Math.min(CATCH_UP_MS, this.#run.target.timeoutMs / 4);
    this.#timer = setTimeout(() => {
      if (this.#run.isOver) return;
      this.#ask(replayedQuery(state.receivedLsn), 'server-error', (row) => {
        this.#askQuery(judgeCatchUp(state, row?.[0] === 't'));
      });
    }, waitMs);
  }

  #askQuery(verdict: DatabaseVerdict): void {
    const { query } = this.#plan;
    if (query === null || verdict.reason !== 'check-passed') {
      this.#conclude(verdict);
      return;
    }
    // A query whose asker has gone would run on, and one of each check use up the server's clients.
    // LOCAL, so that no session of a pooler such as PgBouncer keeps the limit.
    const limit = `SET LOCAL statement_timeout TO ${this.#run.remainingMs}`;
    this.#ask(`${limit};\n${query.text}`, 'query', (row) => {
      const judged = judgeQuery(query, row === undefined ? undefined : row[0]);
      const detail = `${verdict.detail}, ${judged.detail}`;
      this.#conclude(judged.reason === 'check-passed' ? { ...judged, detail } : judged);
    });
  }

  #ask(text: string, otherwise: 'server-error' | 'query', then: (row?: Row) => void): void {
    const query = { text, rowMode: 'array' } as const;
    this.#client.query<(string | null)[]>(query, (error: Error | null, result) => {
      if (this.#run.isOver) return;
      if (error) {
        this.#failed(error, otherwise);
        return;
      }
      // Several statements in one text give several results: the last counts.
      const last = Array.isArray(result) ? (result.at(-1) as typeof result) : result;
      then(last.rows[0]);
    });
  }

  #failed(error: Error, otherwise: 'server-error' | 'query'): void {
    if (!this.#run.isOver) this.#conclude(verdictOfPostgres(error, otherwise));
  }

  #conclude({ reason, detail }: DatabaseVerdict): void {
    clearTimeout(this.#timer);
    this.#client.end(() => undefined);
    this.#run.finish(reason, detail);
  }
}
