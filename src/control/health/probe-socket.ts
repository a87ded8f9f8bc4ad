import { Socket, isIP } from 'node:net';
import process from 'node:process';
import type { TLSSocket } from 'node:tls';
import type { TlsProbePlan } from '../../config/plan-check.ts';
import type { BindPlan } from '../../config/plan.ts';
import { reasonOfError, reasonOfTlsError } from './probe-errors.ts';
import type { ProbeRun } from './probe-run.ts';
import { hostPort } from './host-port.ts';
import type { TlsLoad, TlsMaterial } from './tls-material.ts';

/** What a kind of probe does on its connection. Each ends the probe by `run.finish`. */
export type ProbeTalk = {
  /** The connection stands, with TLS where the probe begins with TLS. */
  connected(probe: ProbeSocket): void;
  /** Null where only the connection counts: nothing is read then. */
  readonly reader: ProbeReader | null;
};

/** Where what a server sends goes. Not called any more once the run is over. */
export type ProbeReader = {
  data(probe: ProbeSocket, chunk: Buffer): void;
  /** The server has closed its side. */
  ended(probe: ProbeSocket): void;
};

/** TLS of a check that begins with the connection, or later by `startTls`. */
export type ProbeTls = {
  readonly plan: TlsProbePlan;
  readonly isLater: boolean;
  /** Protocols offered by ALPN; none where absent. */
  readonly alpn?: readonly string[];
};

/**
 * One connection of one run of a probe. Whatever happens, it is closed when the run ends. Made
 * once per connection.
 */
export class ProbeSocket {
  readonly run: ProbeRun;
  /** Whether what is read and written now is under TLS. */
  isSecure = false;
  /** What the server chose by ALPN; "" where it chose none. */
  alpn = '';
  readonly #raw = new Socket();
  #socket = this.#raw;
  readonly #tls: ProbeTls | null;
  #material: TlsMaterial | null = null;
  readonly #talk: ProbeTalk;
  #isConnected = false;
  #isClosed = false;

  constructor(run: ProbeRun, tls: ProbeTls | null, talk: ProbeTalk) {
    this.run = run;
    this.#tls = tls;
    this.#talk = talk;
    run.close = (hard) => this.close(hard);
    // Stays for good: an error after the end of the probe must not become an uncaught exception.
    this.#raw.on('error', (error: NodeJS.ErrnoException) => this.#failed(error));
    if (tls === null) this.#connect();
    else void this.#loadTls(tls.plan);
  }

  /** Address and port of our side, as in a URI. */
  get local(): string {
    return hostPort(this.#raw.localAddress ?? 'localhost', this.#raw.localPort ?? 0);
  }

  /** Sends bytes; a kind of probe sends little, and waits for answers between. */
  write(bytes: Buffer | string): void {
    this.#socket.write(bytes, 'latin1');
  }

  /** Closes the connection, not the run. `hard` closes by RST: no TIME_WAIT is left. */
  close(hard: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // While connecting, resetAndDestroy would wait for the connection.
    if (hard && this.#isConnected && !this.isSecure) this.#raw.resetAndDestroy();
    else this.#socket.destroy();
  }

  /** Begins TLS on the plain connection now; `then` is called once it stands. */
  startTls(then: () => void): void {
    // Loaded when it is needed: most balancers have no check over TLS.
    const tls = process.getBuiltinModule('node:tls');
    const name = this.#serverName();
    const { alpn } = this.#tls!;
    this.#raw.removeAllListeners('data').removeAllListeners('end');
    const socket: TLSSocket = tls.connect({
      socket: this.#raw,
      host: name,
      // RFC 6066 §3: an address is no server name.
      ...(isIP(name) === 0 ? { servername: name } : {}),
      rejectUnauthorized: this.#tls!.plan.verify,
      secureContext: this.#material!.context,
      ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
    });
    this.#socket = socket;
    socket.once('secureConnect', () => {
      this.isSecure = true;
      this.alpn = socket.alpnProtocol || '';
      if (!this.#isLive()) return;
      // Not before: an end within the handshake is a fault of TLS.
      this.#read(socket);
      then();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => this.#tlsFailed(error));
  }

  async #loadTls(plan: TlsProbePlan): Promise<void> {
    this.run.awaits = 'local';
    const load = await loadTls(plan);
    if (!this.#isLive()) return;
    if (!load.ok) {
      this.run.finish('local-setup', load.detail);
      return;
    }
    this.#material = load.material;
    this.run.awaits = 'connection';
    this.#connect();
  }

  #connect(): void {
    const raw = this.#raw;
    raw.once('connect', () => this.#connected());
    const address: BindPlan = this.run.target.address;
    if (address.family === 'unix') raw.connect({ path: address.host });
    else raw.connect({ host: address.host, port: address.port, autoSelectFamily: false });
    if (this.#talk.reader === null && this.#tls === null) raw.pause();
    else if (this.#tls === null || this.#tls.isLater) this.#read(raw);
  }

  #connected(): void {
    this.#isConnected = true;
    this.run.awaits = 'answer';
    if (isSelfConnected(this.#raw)) {
      this.run.finish('connect-refused', 'nobody listens (self-connect)');
    } else if (this.#isLive()) {
      if (this.#tls === null || this.#tls.isLater) this.#talk.connected(this);
      else this.startTls(() => this.#talk.connected(this));
    }
  }

  #read(socket: Socket): void {
    const { reader } = this.#talk;
    if (reader === null) {
      socket.pause();
      return;
    }
    socket.on('data', (chunk: Buffer) => {
      if (this.#isLive()) reader.data(this, chunk);
    });
    socket.once('end', () => {
      if (this.#isLive()) reader.ended(this);
    });
  }

  #serverName(): string {
    const { serverName } = this.#tls!.plan;
    return serverName === '' ? this.run.target.tlsName : serverName;
  }

  #isLive(): boolean {
    return !this.#isClosed && !this.run.isOver;
  }

  #failed(error: NodeJS.ErrnoException): void {
    if (!this.#isLive()) return;
    const [reason, detail] = reasonOfError(error, this.#isConnected);
    this.run.finish(reason, detail);
  }

  #tlsFailed(error: NodeJS.ErrnoException): void {
    if (!this.#isLive()) return;
    const [reason, detail] = reasonOfTlsError(error, this.isSecure);
    this.run.finish(reason, detail);
  }
}

/** Never throws: its code is read at the first check over TLS, which takes a descriptor. */
async function loadTls(plan: TlsProbePlan): Promise<TlsLoad> {
  try {
    const { tlsMaterial } = await import('./tls-material.ts');
    return await tlsMaterial(plan);
  } catch (error) {
    return { ok: false, detail: `the code of TLS cannot be read: ${String(error)}` };
  }
}

/**
 * Whether TCP connected the socket to itself: on an address of this machine, with no listener, the
 * kernel may pick the very port that is being connected to (RFC 9293 §3.5, simultaneous open).
 */
export function isSelfConnected(socket: Socket): boolean {
  if (socket.remotePort === undefined || socket.localPort !== socket.remotePort) return false;
  return socket.localAddress === socket.remoteAddress;
}
