/** The admin server: status, metrics and reload over HTTP, on loopback or a unix socket. */
import { chmodSync, mkdirSync } from 'node:fs';
import { Server as NetServer } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createAdaptorServer } from '@hono/node-server';
import { BallastError } from '../base/errors.ts';
import type { BindPlan } from '../config/plan.ts';
import { bindText, boundAddress, openListener } from '../sys/sockets.ts';
import { LOOPBACK_ACCESS, UNIX_ACCESS } from './admin/access.ts';
import type { EventStreams } from './admin/event-stream.ts';
import { adminApp } from './admin-app.ts';
import type { ControlView } from './control-view.ts';
import { removeSocketFile, removeStaleSocket } from './unix-socket.ts';

type Server = ReturnType<typeof createAdaptorServer>;

export class AdminServer {
  /** The listening socket; open as long as this server listens. */
  readonly fd: number;
  readonly #server: Server;
  readonly #bind: BindPlan;
  readonly #streams: EventStreams;

  private constructor(server: Server, fd: number, bind: BindPlan, streams: EventStreams) {
    this.#server = server;
    this.fd = fd;
    this.#streams = streams;
    this.#bind = bind;
  }

  /**
   * Listens; a unix socket can be used by its owner alone (mode 0600), and its file is replaced
   * only when nobody listens on it. `given` is a socket that listens there already. Throws
   * BAL_ADMIN_LISTEN.
   */
  static async open(bind: BindPlan, view: ControlView, given?: number): Promise<AdminServer> {
    const app = adminApp(view, bind.family === 'unix' ? UNIX_ACCESS : LOOPBACK_ACCESS);
    const server = createAdaptorServer({ fetch: app.fetch, serverOptions: SERVER_OPTIONS });
    if ('maxConnections' in server) server.maxConnections = CONNECTIONS_MAX;
    const { streams } = view.api;
    if (bind.family === 'unix' && given === undefined) await prepareUnixSocket(bind.host);
    const fd = given ?? openSocket(bind);
    await listen(server, fd);
    const real = bind.family === 'unix' ? bind : { ...bind, port: boundAddress(fd).port };
    return new AdminServer(server, fd, real, streams);
  }

  /** `http://127.0.0.1:9900` or `unix:/run/ballast/admin.sock`. */
  get address(): string {
    return this.#bind.family === 'unix' ? bindText(this.#bind) : `http://${bindText(this.#bind)}`;
  }

  /**
   * Accepts no more, for another process does on the same socket, and answers what is asked on the
   * connections that there are.
   */
  async release(): Promise<void> {
    if (!this.#server.listening) return;
    this.#streams.closeAll();
    // Not that of the HTTP server, which would end connections whose request is still to come.
    NetServer.prototype.close.call(this.#server);
    await pause(CLOSE_LIMIT_MS);
    if ('closeAllConnections' in this.#server) this.#server.closeAllConnections();
  }

  /** Answers what was asked already and closes; the file of a unix socket goes. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    // Their readers come back, and find who answers then.
    this.#streams.closeAll();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    if ('closeIdleConnections' in this.#server) this.#server.closeIdleConnections();
    const timer = setTimeout(() => {
      if ('closeAllConnections' in this.#server) this.#server.closeAllConnections();
    }, CLOSE_LIMIT_MS);
    await closed;
    clearTimeout(timer);
    if (this.#bind.family === 'unix') removeSocketFile(this.#bind.host);
  }
}

/** Open connections; more are closed at once. */
export const CONNECTIONS_MAX = 256;

const SERVER_OPTIONS = {
  /** Bytes of a head (431). */
  maxHeaderSize: 16 * 1_024,
  /** For a head, and for a whole request, in ms (408). */
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  /** How long a connection waits for its next request, in ms. */
  keepAliveTimeout: 10_000,
} as const;

/** The default is a folder of /run, which is empty after each boot: it is made where possible. */
async function prepareUnixSocket(path: string): Promise<void> {
  try {
    mkdirSync(dirname(path), { mode: 0o755 });
  } catch {
    // It is there already, or cannot be made: listening says which, in better words.
  }
  await removeStaleSocket(path);
}

/** Requests under way have this long to finish when the server closes, in ms. */
const CLOSE_LIMIT_MS = 500;

function listen(server: Server, fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ fd }, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

/** Connections that may wait to be accepted. */
const BACKLOG = 511;

/**
 * Opened here and not by Node, which would remove the file of a unix socket when it closes it: one
 * that was handed over is still in use then.
 */
function openSocket(bind: BindPlan): number {
  const before = process.umask(0o177);
  try {
    const fd = openListener(bind, { backlog: BACKLOG, nodelay: true });
    if (bind.family === 'unix') chmodSync(bind.host, 0o600);
    return fd;
  } catch (error) {
    throw listenError(bind, error as BallastError);
  } finally {
    process.umask(before);
  }
}

const HINTS: Readonly<Record<string, string>> = {
  BAL_LISTEN_IN_USE:
    'another process listens there, perhaps a balancer that runs already: choose another',
  BAL_LISTEN_PERMISSION:
    'this user may not: choose a port from 1024 on, another folder for a socket, or "off"',
  BAL_LISTEN_PATH:
    'the folder of the socket does not exist and cannot be made: choose another, or "off"',
  BAL_LISTEN_NOT_HERE: 'no interface has this address',
};

function listenError(bind: BindPlan, error: BallastError): BallastError {
  const why = error.message.replace(`cannot listen on ${bindText(bind)}: `, '');
  const message = `cannot listen on admin address ${bindText(bind)}: ${why}`;
  const hint = HINTS[error.code];
  return new BallastError('BAL_ADMIN_LISTEN', message, {
    cause: error,
    at: ['admin'],
    ...(hint === undefined ? {} : { hint }),
  });
}
