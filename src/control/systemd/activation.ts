/** Sockets that systemd opened for the service: sd_listen_fds(3). */
import type { Plan } from '../../config/plan.ts';
import { bindKey, datagramKey } from '../../plane/worker-protocol.ts';
import { usePassedSocket, type PassedSocket } from '../../sys/passed-sockets.ts';
import { bindText, closeFd } from '../../sys/sockets.ts';
import { socketKeys, type Listeners } from '../listeners.ts';
import type { ProductLog } from '../product-log.ts';

const FIRST_FD = 3;
/** Descriptors that are looked at. */
const PASSED_MAX = 4_096;

/** A descriptor that was passed, with the name that its unit gives it. */
export type ActivatedSocket = {
  readonly name: string;
  readonly fd: number;
  /** Null where it is nothing that a listener could use. */
  readonly socket: PassedSocket | null;
};

/**
 * Reads LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES and takes them out of the environment. None where
 * they are meant for another process.
 */
export function activatedSockets(env: NodeJS.ProcessEnv = process.env): ActivatedSocket[] {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES = '' } = env;
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name];
  if (Number(LISTEN_PID) !== process.pid) return [];
  const names = LISTEN_FDNAMES.split(':');
  const count = Math.min(Number(LISTEN_FDS) || 0, PASSED_MAX);
  return Array.from({ length: count }, (_, place) => {
    const fd = FIRST_FD + place;
    return { name: names[place] ?? '', fd, socket: usePassedSocket(fd) };
  });
}

/** Whoever is to listen on the sockets that were passed. */
export type ActivationParts = {
  readonly plan: Plan;
  readonly listeners: Listeners;
  readonly log: ProductLog;
};

/** Listens on what was passed and is wanted, before sockets of our own are in its way. */
export function useActivated(
  activated: readonly ActivatedSocket[] | undefined,
  { plan, listeners, log }: ActivationParts,
): void {
  const sockets = matchActivated(activated ?? [], plan, log);
  listeners.adopt(sockets);
  listeners.markForeign(sockets.keys());
}

/**
 * The sockets that the plan listens on, by bind key. The others are closed, which the log tells: to
 * have them open would let clients wait for nothing.
 */
function matchActivated(
  activated: readonly ActivatedSocket[],
  plan: Plan,
  log: ProductLog,
): Map<string, number> {
  const wanted = new Set(socketKeys(plan));
  const used = new Map<string, number>();
  for (const { name, fd, socket } of activated) {
    const key = socket === null ? null : freeKey(socket, wanted, used);
    if (key !== null) {
      used.set(key, fd);
      continue;
    }
    const address = socket === null ? 'no listening socket' : bindText(socket.bind);
    log.warn({ name, fd, address }, 'a socket of systemd is on no listener and was closed');
    closeFd(fd);
  }
  if (used.size > 0) log.info({ sockets: used.size }, 'listens on sockets of systemd');
  return used;
}

/** Each place of a worker takes a socket for datagrams of its own, as far as they go. */
function freeKey(
  { kind, bind }: PassedSocket,
  wanted: ReadonlySet<string>,
  used: ReadonlyMap<string, number>,
): string | null {
  if (kind === 'stream') {
    const key = bindKey(bind);
    return wanted.has(key) && !used.has(key) ? key : null;
  }
  for (let place = 0; ; place++) {
    const key = datagramKey(bind, place);
    if (!wanted.has(key)) return null;
    if (!used.has(key)) return key;
  }
}
