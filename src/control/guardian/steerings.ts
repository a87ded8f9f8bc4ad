/**
 * The rules of planned moves, as the guardian in charge wants them. They help connections that would
 * otherwise end: where nft cannot be run, addresses move without them.
 */
import { readFileSync } from 'node:fs';
import type { BallastError } from '../../base/errors.ts';
import type { Plan } from '../../config/plan.ts';
import { STEERING_REMOVAL, steeringRules } from '../../kernel/steering.ts';
import type { KernelBind, KnownConnection, Steering } from '../../kernel/steering.ts';
import { applyRules } from '../kernel/nft.ts';
import { connectionsAt } from '../system/socket-table.ts';
import type { ProductLog } from '../product-log.ts';
import { Serial } from '../serial.ts';

/** So many old connections stay known when addresses return before they have ended. */
const KNOWN_MAX = 65_536;

export class Steerings {
  readonly #log: ProductLog;
  readonly #jobs = new Serial();
  #kernel: readonly KernelBind[] = [];
  #wanted: readonly Steering[] = [];
  /** Connections that this node had when the addresses began to come back to it. */
  #known: readonly KnownConnection[] = [];
  #isClean = false;

  constructor(log: ProductLog) {
    this.#log = log;
  }

  /**
   * Listeners of `mode: kernel` are not steered. At the first call what a process that was killed
   * has left is removed.
   */
  async use(plan: Plan): Promise<void> {
    this.#kernel = plan.kernel.flatMap(({ binds }) => binds);
    if (this.#isClean || plan.addresses.length === 0) return;
    this.#isClean = true;
    await this.#jobs.run(() => applyRules(STEERING_REMOVAL)).catch(() => {});
  }

  /** Puts these in force and no others; resolves with whether they are. */
  async set(wanted: readonly Steering[]): Promise<boolean> {
    this.#wanted = wanted;
    try {
      this.#known = knownNow(wanted, this.#known);
      const rules = steeringRules(wanted, this.#kernel, this.#known);
      await this.#jobs.run(() => applyRules(rules));
      return true;
    } catch (error) {
      const why = (error as BallastError).message;
      this.#log.warn({ code: 'BAL_KERNEL_RULES' }, `connections do not outlast a move: ${why}`);
      return false;
    }
  }

  /** Removes what is in force. */
  async end(): Promise<void> {
    if (this.#wanted.length > 0) await this.set([]);
  }
}

/** What this node still has at addresses that come back to it: seen while it is still their leaver. */
function knownNow(
  wanted: readonly Steering[],
  before: readonly KnownConnection[],
): readonly KnownConnection[] {
  const ipsOf = (one: Steering['role']): string[] =>
    wanted.flatMap(({ role, ips }) => (role === one ? ips : []));
  const comes = new Set(ipsOf('successor'));
  const hosts = comes.intersection(new Set(ipsOf('leaver')));
  const kept = before.filter(({ host }) => comes.has(host) && !hosts.has(host));
  if (hosts.size === 0) return kept;
  const tables = ['tcp', 'tcp6'].map((name) => readFileSync(`/proc/net/${name}`, 'latin1'));
  const found = tables.flatMap((table) => connectionsAt(table, hosts));
  return [...kept, ...found].slice(0, KNOWN_MAX);
}
