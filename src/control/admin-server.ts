/** The admin server: the API and the dashboard over HTTP, on a unix socket or an IP address. */
import { chmodSync, mkdirSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createAdaptorServer } from '@hono/node-server';
import { BallastError } from '../base/errors.ts';
import type { AdminPlan } from '../config/plan-admin.ts';
import type { BindPlan } from '../config/plan.ts';
import { bindText, boundAddress, ListenError, openListener } from '../sys/sockets.ts';
import { TokenGate, type AdminAccess } from './admin/access.ts';
import { AdminFiles } from './admin/admin-files.ts';
import type { EventStreams } from './admin/event-stream.ts';
import { adminApp } from './admin-app.ts';
import type { ControlView } from './control-view.ts';
import type { ProductLog } from './product-log.ts';
import { explainListenError } from './system/listen-advice.ts';
import { removeSocketFile, removeStaleSocket } from './unix-socket.ts';

type Server = ReturnType<typeof createAdaptorServer>;

export type AdminServerOptions = {
  readonly plan: AdminPlan;
  readonly view: ControlView;
  readonly log: ProductLog;
  /** The one that it is to replace, which may listen on the same address. */
  readonly before?: AdminServer | null;
  /** A socket that listens there already. */
  readonly given?: number;
};

export class AdminServer {
  #fd = -1;
  readonly #server: Server;
  #bind: BindPlan;
  readonly #scheme: string;
  readonly #streams: EventStreams;
  readonly #files: AdminFiles | null;
  /** One that had to stop listening for this one, and goes on if this one is given up. */
  #paused: AdminServer | null = null;
  /** Connections that have had an answer and wait for their next request. */
  readonly #resting = new Set<Socket>();

  private constructor({ plan, view, log }: AdminServerOptions) {
    this.#files = plan.access === undefined ? null : new AdminFiles(plan.access, log);
    const tls = this.#files?.tls ?? null;
    const access = accessOf(plan, this.#files, log);
    this.#scheme = access.scheme;
    this.#bind = plan;
    this.#streams = view.api.streams;
    const { fetch } = adminApp(view, access);
    this.#server =
      tls === null
        ? createAdaptorServer({ fetch, serverOptions: SERVER_OPTIONS })
        : createAdaptorServer({
            fetch,
            createServer: createTlsServer,
            serverOptions: { ...SERVER_OPTIONS, ...tls },
          });
    if ('maxConnections' in this.#server) this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#noteRest(request, response);
    });
  }

  /**
   * Listens; a unix socket can be used by its owner alone (mode 0600), and its file is replaced
   * only when nobody listens on it. Where the server before it listens on the same address, that one
   * stops listening first, and begins again when this one is closed before it was `settled`. Throws
   * BAL_ADMIN_LISTEN, BAL_ADMIN_FILE and BAL_ADMIN_TOKENS.
   */
  static async open(options: AdminServerOptions): Promise<AdminServer> {
    const made = new AdminServer(options);
    const { before = null, given } = options;
    if (given === undefined && before !== null && before.#isOn(options.plan)) {
      await before.#pause();
      made.#paused = before;
    }
    try {
      await made.#listen(given);
    } catch (error) {
      if (made.#paused !== null) await made.#paused.#listen();
      throw error;
    }
    made.#files?.watch((tls) => {
      if ('setSecureContext' in made.#server) made.#server.setSecureContext(tls);
    });
    return made;
  }

  /** The listening socket; open as long as this server listens. */
  get fd(): number {
    return this.#fd;
  }

  /** `http://127.0.0.1:9900`, `https://10.0.0.5:9900` or `unix:/run/ballast/admin.sock`. */
  get address(): string {
    const text = bindText(this.#bind);
    return this.#bind.family === 'unix' ? text : `${this.#scheme}://${text}`;
  }

  /** It is in force: the one before it will not be needed again. */
  settled(): void {
    this.#paused = null;
  }

  /**
   * Accepts no more, for another process does on the same socket, and answers what is asked on the
   * connections that there are. Those that rest between two requests end: the next one is for the
   * other process.
   */
  async release(): Promise<void> {
    if (!this.#server.listening) return;
    this.#files?.stop();
    this.#streams.closeAll();
    await this.#pause();
    for (const socket of this.#resting) socket.destroy();
    await pause(CLOSE_LIMIT_MS);
    if ('closeAllConnections' in this.#server) this.#server.closeAllConnections();
  }

  /** Answers what was asked already and closes; the file of a unix socket goes. */
  async close(): Promise<void> {
    this.#files?.stop();
    const { listening } = this.#server;
    // Their readers come back, and find who answers then.
    this.#streams.closeAll();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    if ('closeIdleConnections' in this.#server) this.#server.closeIdleConnections();
    const timer = setTimeout(() => {
      if ('closeAllConnections' in this.#server) this.#server.closeAllConnections();
    }, CLOSE_LIMIT_MS);
    await closed;
    clearTimeout(timer);
    if (listening && this.#bind.family === 'unix') removeSocketFile(this.#bind.host);
    if (this.#paused !== null) await this.#paused.#listen();
    this.#paused = null;
  }

  #noteRest({ socket }: { readonly socket: Socket }, response: NodeJS.EventEmitter): void {
    if (!this.#resting.delete(socket)) socket.once('close', () => this.#resting.delete(socket));
    response.once('close', () => {
      if (!socket.destroyed) this.#resting.add(socket);
    });
  }

  #isOn({ family, host, port }: BindPlan): boolean {
    const own = this.#bind;
    const isSame = own.family === family && own.host === host && own.port === port;
    return isSame && this.#server.listening;
  }

  /** Takes no more connections; those that are there are answered. */
  async #pause(): Promise<void> {
    // Not that of the HTTP server, which would end connections whose request is still to come.
    NetServer.prototype.close.call(this.#server);
    await new Promise(setImmediate);
  }

  async #listen(given?: number): Promise<void> {
    if (this.#bind.family === 'unix' && given === undefined) {
      await prepareUnixSocket(this.#bind.host);
    }
    this.#fd = given ?? openSocket(this.#bind);
    await listen(this.#server, this.#fd);
    if (this.#bind.family === 'unix') return;
    this.#bind = { ...this.#bind, port: boundAddress(this.#fd).port };
  }
}

/** TLS and tokens prove who asks; without them the host must be an address. */
function accessOf(plan: AdminPlan, files: AdminFiles | null, log: ProductLog): AdminAccess {
  const isUnix = plan.family === 'unix';
  const hasTokens = files !== null && files.tokens !== null;
  const isTls = files !== null && files.tls !== null;
  return {
    transport: isUnix ? 'unix' : 'tcp',
    scheme: isTls ? 'https' : 'http',
    isHostStrict: !isUnix && !hasTokens && !isTls,
    gate: hasTokens ? new TokenGate(() => files.tokens!, log) : null,
  };
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
    throw listenError(error);
  } finally {
    process.umask(before);
  }
}

function listenError(error: unknown): BallastError {
  if (!(error instanceof ListenError)) throw error;
  const { message, hint } = explainListenError(error, 'stream');
  const text = message.replace('cannot listen on', 'cannot listen on admin address');
  return new BallastError('BAL_ADMIN_LISTEN', text, {
    hint: `${hint}; "admin: off" needs no address`,
    at: ['admin'],
    cause: error,
  });
}
