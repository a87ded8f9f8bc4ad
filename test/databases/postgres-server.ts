/** PostgreSQL as Debian has it: a primary, and replicas that stream from it. */
import { appendFileSync, globSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../kit/free-ports.ts';
import { childrenOf, endProcess, exitOf } from '../kit/processes.ts';
import { TempDir } from '../kit/temp-dir.ts';
import { until } from '../kit/wait.ts';
import { giveAway, runToEnd, startServer } from './unprivileged.ts';
import type { ServerProcess } from './unprivileged.ts';

const BIN = globSync('/usr/lib/postgresql/*/bin').sort().at(-1) ?? '/usr/lib/postgresql/bin';
export const POSTGRES_PROGRAM = join(BIN, 'postgres');

/** Who may come in how; the password of each user is `secret of ` and the name. */
const ACCESS = `
local all all trust
local replication all trust
host all trusted 127.0.0.1/32 trust
host all md5 127.0.0.1/32 md5
host all clear 127.0.0.1/32 password
hostssl all secure 127.0.0.1/32 scram-sha-256
host all secure 127.0.0.1/32 reject
host all all 127.0.0.1/32 scram-sha-256
`;

const SETTINGS = `
listen_addresses = '127.0.0.1'
fsync = off
shared_buffers = 16MB
max_connections = 20
superuser_reserved_connections = 3
wal_level = replica
wal_keep_size = 64MB
wal_retrieve_retry_interval = 200ms
log_min_messages = info
`;

/** Users that the checks log in as. */
const USERS = ['monitor', 'trusted', 'md5', 'clear', 'secure'];

export type PostgresOptions = {
  /** Lines for postgresql.conf. */
  readonly settings?: string;
  /** PEM files of the server: TLS is on then. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
};

export class PostgresServer implements AsyncDisposable {
  readonly port: number;
  readonly #dir = new TempDir();
  readonly #data = this.#dir.file('data');
  #process: ServerProcess | null = null;

  private constructor(port: number) {
    this.port = port;
    giveAway(this.#dir.path);
  }

  /** A primary with the users of `ACCESS` and a table `written (id)`. */
  static async startPrimary(options: PostgresOptions = {}): Promise<PostgresServer> {
    const server = new PostgresServer(await freePort());
    try {
      const data = server.#data;
      const wishes = ['-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--locale=C', '--no-sync'];
      await runToEnd(join(BIN, 'initdb'), ['-D', data, ...wishes]);
      writeFileSync(join(data, 'pg_hba.conf'), ACCESS);
      appendFileSync(join(data, 'postgresql.conf'), SETTINGS + (options.settings ?? ''));
      if (options.tls !== undefined) server.#addTls(options.tls);
      await server.start();
      await server.run('CREATE TABLE written (id int)');
      for (const user of USERS) {
        const method = user === 'md5' ? 'md5' : 'scram-sha-256';
        const make = `CREATE ROLE "${user}" LOGIN PASSWORD 'secret of ${user}'`;
        await server.run(`SET password_encryption TO '${method}'; ${make}`);
        await server.run(`GRANT ALL ON written TO "${user}"`);
      }
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A replica that streams from this server. */
  async startReplica(): Promise<PostgresServer> {
    const replica = new PostgresServer(await freePort());
    try {
      const from = ['-h', this.#dir.path, '-p', String(this.port), '-U', 'postgres'];
      const how = ['-R', '-X', 'stream', '-c', 'fast', '--no-sync'];
      await runToEnd(join(BIN, 'pg_basebackup'), ['-D', replica.#data, ...from, ...how]);
      await replica.start();
      return replica;
    } catch (error) {
      await replica[Symbol.asyncDispose]();
      throw error;
    }
  }

  #addTls({ certFile, keyFile }: { certFile: string; keyFile: string }): void {
    const lines = `ssl = on\nssl_cert_file = '${certFile}'\nssl_key_file = '${keyFile}'\n`;
    appendFileSync(join(this.#data, 'postgresql.conf'), lines);
  }

  /** Starts the process and waits until it takes queries. */
  async start(): Promise<void> {
    const own = ['-p', String(this.port), '-k', this.#dir.path];
    const started = startServer(POSTGRES_PROGRAM, ['-D', this.#data, ...own]);
    this.#process = started;
    const isReady = async (): Promise<boolean> => {
      if (started.child.exitCode !== null) throw new Error(`ended at once: ${started.output()}`);
      return this.run('SELECT 1').then(
        () => true,
        () => false,
      );
    };
    await until(isReady, { what: 'PostgreSQL to take queries', timeoutMs: 60_000, everyMs: 50 });
  }

  /** Runs SQL as the superuser and gives the rows, with every value as text. */
  async run(sql: string): Promise<(string | null)[][]> {
    const client = new pg.Client({ host: this.#dir.path, port: this.port, user: 'postgres' });
    client.on('error', () => undefined);
    await client.connect();
    try {
      const types = { getTypeParser: () => String };
      const result = await client.query<(string | null)[]>({ text: sql, rowMode: 'array', types });
      return Array.isArray(result) ? [] : result.rows;
    } finally {
      await client.end();
    }
  }

  /** Everything the server has written into its log. */
  get log(): string {
    return this.#process?.output() ?? '';
  }

  /** Makes a replica the primary; resolves when that is complete. */
  async promote(): Promise<void> {
    const rows = await this.run('SELECT pg_promote(true, 60)');
    if (rows[0]?.[0] !== 't') throw new Error(`not promoted: ${this.log}`);
  }

  /** SIGKILL for the server; its children end by themselves. */
  async kill(): Promise<void> {
    this.#process!.child.kill('SIGKILL');
    await exitOf(this.#process!.child);
  }

  /** Stops every process of the server, sessions included, or lets them go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    const pid = this.#process!.child.pid!;
    for (const each of [pid, ...childrenOf(pid)]) {
      try {
        process.kill(each, signal);
      } catch {
        // A session that ended in between.
      }
    }
  }

  /** Ends it at once but in order, as `pg_ctl stop -m fast`. */
  async stop(): Promise<void> {
    if (this.#process !== null) await endProcess(this.#process.child, 'SIGINT', 20_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    // A killed server's children hold its folder for a moment longer.
    await until(() => !this.#isInUse(), { what: 'the last child of PostgreSQL to end' });
    this.#dir[Symbol.dispose]();
  }

  #isInUse(): boolean {
    return globSync('/proc/[0-9]*/cwd').some((link) => {
      try {
        return readlinkSync(link).startsWith(this.#data);
      } catch {
        return false;
      }
    });
  }
}
