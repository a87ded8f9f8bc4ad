/** A guardian in a host of a network, spoken to directly: without a supervisor. */
import type { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import type { AddressPlan } from '../../src/config/plan-addresses.ts';
import { encodeFrame, FrameReader } from '../../src/control/frames.ts';
import { BOARD_BYTES, GUARD_FRAME_BYTES_MAX } from '../../src/guard/guard-protocol.ts';
import type { FromGuard, GroupStanding, ToGuard } from '../../src/guard/guard-protocol.ts';
import { createSharedMemory } from '../../src/sys/shared-memory.ts';
import { closeFd, socketPair } from '../../src/sys/sockets.ts';
import type { Network } from '../kit/netns.ts';

const ENTRY = new URL('../../src/guard/guardian.ts', import.meta.url).pathname;

export class TestGuardian {
  readonly child: ChildProcess;
  readonly #control: Socket;
  readonly #frames = new FrameReader(GUARD_FRAME_BYTES_MAX);
  readonly #waiting = new Set<() => void>();
  readonly events: string[] = [];
  readonly frames: FromGuard[] = [];
  groups: readonly GroupStanding[] = [];
  /** Of the first group. */
  standing: GroupStanding | null = null;
  #version = 0;
  /** Of the guardian itself, from its hello. */
  pid = 0;

  constructor(network: Network, host: string, board: number = createBoard()) {
    const control = socketPair('stream');
    const descriptors = socketPair('seqpacket');
    const args = [process.execPath, '--disable-warning=ExperimentalWarning', ENTRY];
    this.child = network.start(host, args, {
      stdio: ['ignore', 'inherit', 'inherit', control[1], descriptors[1], board],
    });
    closeFd(control[1]);
    closeFd(descriptors[1]);
    this.#control = new Socket({ fd: control[0], readable: true, writable: true });
    this.#control.on('data', (piece: Buffer) => {
      for (const frame of this.#frames.push(piece)) this.#take(frame as FromGuard);
    });
    this.#control.on('error', () => {});
    this.child.once('exit', () => this.#control.destroy());
  }

  send(frame: ToGuard): void {
    this.#control.write(encodeFrame(frame));
  }

  plan(addresses: readonly AddressPlan[], act = true): void {
    const groups = [...new Set(addresses.map(({ group }) => group))];
    const places = Object.fromEntries(groups.map((group, i) => [group, i]));
    this.send({ type: 'plan', version: ++this.#version, addresses, places, act, drainMs: 0 });
  }

  /** Resolves when `isIt`, looked at after each frame; rejects after 10 s. */
  until(isIt: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`${what}: ${JSON.stringify(this.standing)}\n${this.events.join('\n')}`));
      }, 10_000);
      const look = (): void => {
        if (!isIt()) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  #take(frame: FromGuard): void {
    this.frames.push(frame);
    if (frame.type === 'hello') this.pid = frame.pid;
    if (frame.type === 'standing') {
      this.groups = frame.groups;
      this.standing = frame.groups[0] ?? null;
    }
    if (frame.type === 'event') this.events.push(`${frame.level} ${frame.code} ${frame.message}`);
    for (const look of this.#waiting) look();
  }
}

/** Memory that guardians of one node share. */
export const createBoard = (): number => createSharedMemory('ballast-board', BOARD_BYTES);

/** An entry of `addresses` with the defaults of the configuration. */
export function addressPlan(given: {
  vrrp?: Partial<AddressPlan['vrrp']>;
  ips?: readonly string[];
  plan?: Partial<AddressPlan>;
}): AddressPlan {
  return {
    key: 'front',
    group: 'front',
    interface: 'eth0',
    ips: (given.ips ?? ['10.77.0.100/24']).map((text) => {
      const [host, prefix] = text.split('/') as [string, string];
      const family = host.includes(':') ? 'ipv6' : 'ipv4';
      return { family, host, prefix: Number(prefix), scope: 'global', advertise: true };
    }),
    routes: [],
    leaseMs: 2_000,
    witnesses: [],
    tracks: [],
    health: null,
    ...given.plan,
    vrrp: {
      id: 51,
      version: 3,
      priority: 100,
      intervalMs: 20,
      misses: 8,
      peers: [],
      source: null,
      preempt: false,
      preemptDelayMs: 0,
      checksum: 'compat',
      auth: null,
      virtualMac: false,
      second: null,
      ...given.vrrp,
    },
  };
}
