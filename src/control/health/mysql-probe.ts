import mysql from 'mysql2';
import type { Connection, ConnectionOptions, FieldPacket } from 'mysql2';
import { assert } from '../../base/errors.ts';
import type { MysqlProbePlan } from '../../config/plan-check.ts';
import { DatabaseStream } from './database-stream.ts';
import { SYNTAX_ERROR, numberOf, verdictOfMysql } from './mysql-errors.ts';
import {
  READ_ONLY_QUERY,
  REPLICA_QUERIES,
  judgePrimary,
  judgeReplicating,
  readReadOnly,
  readReplicating,
} from './mysql-state.ts';
import type { TextRows } from './mysql-state.ts';
import { passwordFirst } from './password-first.ts';
import type { ProbeRun } from './probe-run.ts';
import { ProbeSocket } from './probe-socket.ts';
import type { ProbeReader, ProbeTalk } from './probe-socket.ts';
import type { CancelProbe, ProbeResult, ProbeTarget } from './probe.ts';
import { judgeQuery } from './query-result.ts';
import type { DatabaseVerdict } from './query-result.ts';

/**
 * Logs in to MySQL or MariaDB, asks for the role and the lag, and runs the operator's query, as far
 * as the check has them. Ends the session as the server wants it, so that it counts no aborted
 * connection. Called once per probe of a `mysql` check.
 */
export function mysqlProbe(target: ProbeTarget, done: (result: ProbeResult) => void): CancelProbe {
  const plan = target.probe;
  assert(plan.kind === 'mysql', 'mysqlProbe is given mysql checks only');
  const tls = plan.tls === null ? null : { plan: plan.tls, isLater: true };
  const begin = (run: ProbeRun, password: string | null): void => {
    void new ProbeSocket(run, tls, new MysqlTalk(plan, password));
  };
  return passwordFirst({ target, password: plan.password, begin }, done);
}

/** COM_QUIT, as a whole packet. */
const QUIT = Buffer.from([1, 0, 0, 0, 1]);

/** What the library does not declare, and this check needs. */
type Internals = {
  sequenceId: number;
  handlePacket(packet?: { readonly sequenceId: number }): void;
  startTLS(onSecure: (error?: Error) => void): void;
};

/** Everything is the library's: the server speaks first, and TLS begins within its greeting. */
class MysqlTalk implements ProbeTalk, ProbeReader {
  readonly reader = this;
  readonly #plan: MysqlProbePlan;
  readonly #password: string | null;
  #stream: DatabaseStream | null = null;

  constructor(plan: MysqlProbePlan, password: string | null) {
    this.#plan = plan;
    this.#password = password;
  }

  connected(probe: ProbeSocket): void {
    this.#stream = new DatabaseStream(probe);
    const session = new MysqlSession(probe, this.#plan);
    session.begin(this.#stream, this.#password);
  }

  data({ run }: ProbeSocket, chunk: Buffer): void {
    const stream = this.#stream!;
    // The library would wait for as many bytes as garbage, taken for a length, says.
    if (stream.isNew && (chunk[2] ?? 0) + (chunk[3] ?? 0) > 0) {
      run.finish('protocol', 'the greeting is not one of MySQL');
    } else {
      stream.feed(chunk);
    }
  }

  ended({ run }: ProbeSocket): void {
    run.finish('closed', 'closed before the check was done');
  }
}

/** One session with a server: login, role, lag, query, end. */
class MysqlSession {
  readonly #probe: ProbeSocket;
  readonly #run: ProbeRun;
  readonly #plan: MysqlProbePlan;
  #connection!: Connection;
  /** Whether TLS was asked for and does not stand yet. */
  #isUpgrading = false;

  constructor(probe: ProbeSocket, plan: MysqlProbePlan) {
    this.#probe = probe;
    this.#run = probe.run;
    this.#plan = plan;
  }

  begin(stream: DatabaseStream, password: string | null): void {
    const connection = mysql.createConnection(this.#options(stream, password));
    this.#connection = connection;
    this.#guard(connection as unknown as Internals);
    connection.on('error', (error: Error) => this.#failed(error, 'server-error'));
    connection.on('connect', () => this.#askRole());
  }

  #options(stream: DatabaseStream, password: string | null): ConnectionOptions {
    const { user, database, tls } = this.#plan;
    const { address } = this.#run.target;
    return {
      stream,
      user,
      ...(password === null ? {} : { password }),
      ...(database === '' ? {} : { database }),
      // Only whether it is there counts: TLS is ours.
      ...(tls === null ? {} : { ssl: {} }),
      // As TLS does, a unix socket allows a password in clear text.
      ...(address.family === 'unix' ? { socketPath: address.host } : {}),
      connectTimeout: 0,
      // A server must not be able to ask for files of this machine.
      flags: ['-LOCAL_FILES'],
      connectAttributes: { program_name: 'ballast-check' },
      rowsAsArray: true,
      disableEval: true,
    };
  }

  #guard(internals: Internals): void {
    const handlePacket = internals.handlePacket.bind(internals);
    // The library would write to this process's standard error and go on.
    internals.handlePacket = (packet) => {
      if (packet !== undefined && packet.sequenceId !== internals.sequenceId) {
        this.#run.finish('protocol', 'packets out of their order');
      } else if (packet !== undefined && this.#isUpgrading) {
        // Words that somebody put in before TLS.
        this.#run.finish('protocol', 'a packet in clear text after the request for TLS');
      }
      if (!this.#run.isOver) handlePacket(packet);
    };
    internals.startTLS = (onSecure) => {
      this.#isUpgrading = true;
      this.#probe.startTls(() => {
        this.#isUpgrading = false;
        onSecure();
      });
    };
  }

  #askRole(): void {
    const { role, maxLagMs } = this.#plan;
    if (role === 'primary') this.#askReadOnly();
    else if (role === 'replica' || maxLagMs > 0) this.#askReplication(0);
    else this.#askQuery({ reason: 'check-passed', detail: 'logged in' });
  }

  #askReadOnly(): void {
    this.#ask(READ_ONLY_QUERY, (result) => {
      const on = readReadOnly(result);
      if (on !== null) this.#askQuery(judgePrimary(on));
      else this.#conclude({ reason: 'protocol', detail: 'the answer about read_only is none' });
    });
  }

  #askReplication(words: 0 | 1): void {
    const failed = (error: Error): void => {
      if (words === 0 && numberOf(error) === SYNTAX_ERROR) this.#askReplication(1);
      else this.#failed(error, 'server-error');
    };
    const answered = (result: TextRows): void => {
      const found = readReplicating(result);
      if (found !== null) this.#askQuery(judgeReplicating(this.#plan, found));
      else this.#conclude({ reason: 'protocol', detail: 'the answer about replication is none' });
    };
    this.#ask(REPLICA_QUERIES[words], answered, failed);
  }

  #askQuery(verdict: DatabaseVerdict): void {
    const { query } = this.#plan;
    if (query === null || verdict.reason !== 'check-passed') {
      this.#conclude(verdict);
      return;
    }
    const run = (): void => {
      const answered = ({ rows }: TextRows): void => {
        const judged = judgeQuery(query, rows[0] === undefined ? undefined : rows[0][0]);
        const detail = `${verdict.detail}, ${judged.detail}`;
        this.#conclude(judged.reason === 'check-passed' ? { ...judged, detail } : judged);
      };
      this.#ask(query.text, answered, (error) => this.#failed(error, 'query'));
    };
    // A query whose asker has gone would run on, and one of each check use up the server's clients.
    // MariaDB and MySQL have their own words for the limit; who knows neither goes without.
    const limitMs = this.#run.remainingMs;
    const ofMysql = `SET SESSION max_execution_time = ${limitMs}`;
    const ofMariadb = `SET SESSION max_statement_time = ${limitMs / 1000}`;
    this.#ask(ofMariadb, run, () => this.#ask(ofMysql, run, run));
  }

  #ask(sql: string, then: (result: TextRows) => void, failed?: (error: Error) => void): void {
    type Answer = (error: Error | null, rows: unknown, fields?: FieldPacket[]) => void;
    const answer: Answer = (error, rows, fields) => {
      if (this.#run.isOver) return;
      if (error === null) then(textRows(rows, fields));
      else if (failed === undefined) this.#failed(error, 'server-error');
      else failed(error);
    };
    this.#connection.query({ sql, typeCast: false }, answer);
  }

  #failed(error: Error, otherwise: 'server-error' | 'query'): void {
    if (!this.#run.isOver) this.#conclude(verdictOfMysql(error, otherwise));
  }

  #conclude({ reason, detail }: DatabaseVerdict): void {
    this.#probe.write(QUIT);
    this.#run.finish(reason, detail);
  }
}

/** What the library gives without casting types: rows of bytes; no rows for other statements. */
function textRows(rows: unknown, fields: FieldPacket[] | undefined): TextRows {
  if (!Array.isArray(rows) || fields === undefined) return { columns: [], rows: [] };
  const texts = (rows as (Buffer | null)[][]).map((row) =>
    row.map((value) => (value === null ? null : value.toString('utf8'))),
  );
  return { columns: fields.map(({ name }) => name), rows: texts };
}
