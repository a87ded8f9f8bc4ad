/** MariaDB as Debian has it: a primary, and a replica of it. */
import mysql from 'mysql2/promise';
import { freePort } from '../kit/free-ports.ts';
import { endProcess } from '../kit/processes.ts';
import { TempDir } from '../kit/temp-dir.ts';
import { until } from '../kit/wait.ts';
import { giveAway, runToEnd, startServer } from './unprivileged.ts';
import type { ServerProcess } from './unprivileged.ts';

export const MARIADB_PROGRAMS = ['/usr/sbin/mariadbd', '/usr/bin/mariadb-install-db'];

export type MariadbOptions = {
  /** PEM files of the server: TLS is on then. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
};

export class MariadbServer implements AsyncDisposable {
  readonly port: number;
  readonly #dir = new TempDir();
  readonly #socket = this.#dir.file('socket');
  readonly #options: MariadbOptions;
  #process: ServerProcess | null = null;

  private constructor(port: number, options: MariadbOptions) {
    this.port = port;
    this.#options = options;
    giveAway(this.#dir.path);
  }

  /** An empty server with the user `monitor`, whose password is `secret of monitor`. */
  static async start(options: MariadbOptions = {}): Promise<MariadbServer> {
    const server = new MariadbServer(await freePort(), options);
    try {
      const data = server.#dir.file('data');
      const quick = ['--auth-root-authentication-method=normal', '--skip-test-db', '--no-defaults'];
      const [, install] = MARIADB_PROGRAMS;
      await runToEnd(install!, [...quick, `--datadir=${data}`, '--innodb-log-file-size=8M']);
      await server.#startProcess();
      const user = "'monitor'@'127.0.0.1'";
      await server.run(`CREATE USER ${user} IDENTIFIED BY 'secret of monitor'`);
      await server.run(`GRANT REPLICA MONITOR ON *.* TO ${user}`);
      await server.run("CREATE USER 'bare'@'127.0.0.1' IDENTIFIED BY 'secret of bare'");
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #startProcess(): Promise<void> {
    const { tls } = this.#options;
    const process = startServer(MARIADB_PROGRAMS[0]!, [
      '--no-defaults',
      `--datadir=${this.#dir.file('data')}`,
      `--socket=${this.#socket}`,
      `--pid-file=${this.#dir.file('pid')}`,
      `--port=${this.port}`,
      `--server-id=${this.port}`,
      '--bind-address=127.0.0.1',
      '--log-bin=log',
      '--log-warnings=9',
      '--innodb-buffer-pool-size=8M',
      '--innodb-log-file-size=8M',
      '--innodb-flush-log-at-trx-commit=0',
      '--performance-schema=OFF',
      '--max-connections=15',
      ...(tls === undefined ? [] : [`--ssl-cert=${tls.certFile}`, `--ssl-key=${tls.keyFile}`]),
    ]);
    this.#process = process;
    const isReady = async (): Promise<boolean> => {
      if (process.child.exitCode !== null) throw new Error(`ended at once: ${process.output()}`);
      return this.run('SELECT 1').then(
        () => true,
        () => false,
      );
    };
    await until(isReady, { what: 'MariaDB to take queries', timeoutMs: 60_000, everyMs: 50 });
  }

  /** Runs SQL as root and gives the rows. */
  async run(sql: string): Promise<Record<string, unknown>[]> {
    const connection = await mysql.createConnection({ socketPath: this.#socket, user: 'root' });
    try {
      const [rows] = await connection.query(sql);
      return rows as Record<string, unknown>[];
    } finally {
      await connection.end();
    }
  }

  /** Makes this server a replica of another one. */
  async follow(primary: MariadbServer): Promise<void> {
    await primary.run("CREATE USER 'copier'@'127.0.0.1' IDENTIFIED BY 'secret of copier'");
    await primary.run("GRANT REPLICATION SLAVE ON *.* TO 'copier'@'127.0.0.1'");
    // What each has of its own from the start is not copied.
    const [at] = await primary.run('SHOW MASTER STATUS');
    await this.run(
      `CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = ${primary.port}, ` +
        "MASTER_USER = 'copier', MASTER_PASSWORD = 'secret of copier', MASTER_CONNECT_RETRY = 1, " +
        `MASTER_LOG_FILE = '${String(at!['File'])}', MASTER_LOG_POS = ${String(at!['Position'])}`,
    );
    await this.run('START SLAVE');
  }

  /** Everything the server has written into its log. */
  get log(): string {
    return this.#process?.output() ?? '';
  }

  async stop(): Promise<void> {
    if (this.#process !== null) await endProcess(this.#process.child, 'SIGTERM', 20_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#dir[Symbol.dispose]();
  }
}
