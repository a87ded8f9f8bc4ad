/** The kernel's share of layer 4: its table is kept as the plan and the health of servers want it. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Plan } from '../../config/plan.ts';
import { FlowIndex } from '../../kernel/flow-index.ts';
import { elements, ownersNow, slotKey, type Family, type PoolMap } from '../../kernel/pool-map.ts';
import { deadSetName, kernelRules, REMOVAL, TABLE, TABLE_NAME } from '../../kernel/ruleset.ts';
import type { KernelRules, PreviousMap, RuleFacts } from '../../kernel/ruleset.ts';
import type { ServerHealthFrame } from '../../plane/worker-protocol.ts';
import type { ProductLog } from '../product-log.ts';
import { Serial } from '../serial.ts';
import { countersOf, type ServerCounters } from './kernel-counters.ts';
import { KernelFlows } from './kernel-flows.ts';
import { applyRules, runNft } from './nft.ts';
import { RulesWatch } from './rules-watch.ts';

export type KernelTablesOptions = {
  readonly log: ProductLog;
  readonly health: () => readonly ServerHealthFrame[];
};

/** Counters are read at most so often, in ms. */
const COUNTERS_MS = 1_000;
/** Rules that others have changed are set again at most so often, in ms. */
const RESTORE_EVERY_MS = 1_000;
/** How often it is looked whether a drain is over, in ms. */
const DRAIN_LOOK_MS = 200;
/** A change that the kernel refused is tried again after so long, in ms. */
const RETRY_MS = 1_000;

/** What is known of servers now. */
type Facts = RuleFacts & {
  /** Whether its connections are not to go on: it is down, or in maintenance. */
  readonly isOut: (serverKey: string) => boolean;
};

export class KernelTables {
  readonly #options: KernelTablesOptions;
  readonly #jobs = new Serial();
  #plan: Plan | null = null;
  #rules: KernelRules | null = null;
  #owners = new Map<string, Int32Array>();
  #dead = new Map<string, ReadonlySet<string>>();
  #previous: ReadonlyMap<string, PreviousMap> = new Map();
  #previousTimer: NodeJS.Timeout | null = null;
  #counters: { readonly atMs: number; readonly read: Promise<ServerCounters[]> } | null = null;
  readonly #flows: KernelFlows;
  readonly #watch = new RulesWatch(TABLE_NAME, () => this.#lookAfterRules());
  #restoredMs = -Infinity;
  /** Another process that has set the table. */
  #keeper = 0;
  #index: FlowIndex | null = null;
  #isClosing = false;
  #isEnded = false;

  constructor(options: KernelTablesOptions) {
    this.#options = options;
    this.#flows = new KernelFlows(options.log);
  }

  /** Whether the plan in force has something for the kernel. */
  get isUsed(): boolean {
    return (this.#plan?.kernel.length ?? 0) > 0;
  }

  /** Puts the rules of a plan in force in one transaction. Throws BallastError; then none is. */
  use(plan: Plan): Promise<void> {
    return this.#jobs.run(async () => {
      if (plan.kernel.length === 0) {
        if (this.#rules !== null) await applyRules(REMOVAL);
        this.#forget();
        this.#plan = plan;
        return;
      }
      const before = this.#rules?.maps ?? new Map<string, PoolMap>();
      const facts = this.#facts(plan, this.#previous);
      const next = kernelRules(plan, facts);
      const changed = changedMaps(before, next.maps);
      const kept = [...changed].map(([name, map]) => {
        return [name, { map, owners: this.#owners.get(name) ?? map.table }] as const;
      });
      if (kept.length > 0) this.#keepPrevious(new Map(kept), plan.drainMs);
      await this.#put(plan, this.#facts(plan, this.#previous));
    });
  }

  /** Servers have changed: their slots alone are changed. */
  healthChanged(): void {
    if (!this.isUsed || this.#isEnded) return;
    void this.#jobs
      .run(() => this.#update())
      .catch((error: unknown) => {
        this.#options.log.error(
          `servers in the kernel cannot be changed: ${(error as Error).message}`,
        );
        setTimeout(() => this.healthChanged(), RETRY_MS).unref();
      });
  }

  /** Packets and bytes to each server since its rules were set. */
  counters(): Promise<readonly ServerCounters[]> {
    const now = performance.now();
    const rules = this.#rules;
    if (rules === null) return Promise.resolve([]);
    if (this.#counters === null || now - this.#counters.atMs > COUNTERS_MS) {
      const read = runNft(['-j', 'list', 'sets', 'inet'], '').then(
        ({ code, stdout }) => (code === 0 ? countersOf(stdout, rules.maps) : []),
        () => [],
      );
      this.#counters = { atMs: now, read };
    }
    return this.#counters.read;
  }

  /** Connections that the kernel has to a server, as last counted. */
  liveOn(serverKey: string): number {
    return this.#index === null ? 0 : this.#flows.liveOn(serverKey);
  }

  /** The same by way of a listener. */
  liveBy(listenerKey: string): number {
    return this.#index === null ? 0 : this.#flows.liveBy(listenerKey);
  }

  /** Counts connections, at most once a second unless it `isUrgent`. */
  async countLive(isUrgent = false): Promise<void> {
    if (this.#index !== null) await this.#flows.count(this.#index, isUrgent);
  }

  /**
   * Refuses new connections to addresses that stay on this node, and resolves when those that are
   * there have ended, or after `limitMs`. What goes to a floating address goes on elsewhere.
   */
  async drain(limitMs: number): Promise<void> {
    const plan = this.#plan;
    if (plan === null || !this.isUsed || plan.kernel.every(({ leave }) => leave)) return;
    const staying = stayingListeners(plan);
    if (staying.length === 0) return;
    this.#isClosing = true;
    await this.#jobs.run(() => this.#put(plan, this.#facts(plan, this.#previous)));
    const index = new FlowIndex({ ...plan, kernel: staying });
    const untilMs = performance.now() + limitMs;
    const hasUncounted = staying.some(({ form }) => form === 'stateless');
    for (let leftMs = limitMs; leftMs > 0; leftMs = untilMs - performance.now()) {
      if (!hasUncounted && (await this.#flows.countAll(index)) === 0) return;
      await pause(Math.min(Math.max(DRAIN_LOOK_MS, this.#flows.restMs), leftMs));
    }
  }

  /** The program ends: the rules go, but for a plan whose listeners all say that they stay. */
  async end(): Promise<void> {
    this.#isEnded = true;
    const plan = this.#plan;
    const hadRules = this.#rules !== null && typeof this.#watch.state !== 'number';
    this.#forget();
    if (!hadRules || plan === null || plan.kernel.every(({ leave }) => leave)) return;
    await this.#jobs.run(() => applyRules(REMOVAL)).catch(() => {});
  }

  /** Another process keeps the rules from now on. */
  leave(): void {
    this.#isEnded = true;
    this.#forget();
  }

  #forget(): void {
    if (this.#previousTimer !== null) clearTimeout(this.#previousTimer);
    this.#previousTimer = null;
    this.#previous = new Map();
    this.#rules = null;
    this.#watch.end();
    this.#index = null;
    this.#flows.close();
    this.#owners.clear();
  }

  async #put(plan: Plan, facts: Facts): Promise<void> {
    const rules = kernelRules(plan, facts);
    await applyRules(rules.text);
    this.#watch.begin();
    this.#plan = plan;
    this.#rules = rules;
    this.#index = new FlowIndex(plan);
    this.#owners = new Map(rules.owners);
    this.#dead = deadNow(facts);
    this.#moveOn(this.#index, facts);
  }

  /** What another program has taken away is set again, once a second at most. */
  #lookAfterRules(): void {
    void this.#jobs.run(async () => {
      const plan = this.#plan;
      if (plan === null || this.#rules === null) return;
      const { state } = this.#watch;
      if (typeof state === 'number') this.#tellKeeper(state);
      if (state !== 'changed') return;
      const waitMs = this.#restoredMs + RESTORE_EVERY_MS - performance.now();
      if (waitMs > 0) {
        setTimeout(() => this.#lookAfterRules(), waitMs).unref();
        return;
      }
      this.#restoredMs = performance.now();
      this.#options.log.warn(
        `another program has removed or changed the table "${TABLE}" of mode: kernel ` +
          '("nft flush ruleset"?): it is set again, and connections may be lost',
      );
      try {
        await this.#put(plan, this.#facts(plan, this.#previous));
      } catch (error) {
        this.#options.log.error(`it cannot be set: ${(error as Error).message}`);
        setTimeout(() => this.#lookAfterRules(), RETRY_MS).unref();
      }
    });
  }

  /** Two would take the table from each other for ever. */
  #tellKeeper(pid: number): void {
    if (pid === this.#keeper) return;
    this.#keeper = pid;
    this.#options.log.error(
      `another balancer (process ${pid}) has set the table "${TABLE}": the listeners of this one ` +
        'with mode: kernel are not in force. One balancer of a machine can have such listeners',
    );
  }

  /** Connections that this node has never seen go by the table before, for as long as a drain. */
  #keepPrevious(changed: ReadonlyMap<string, PreviousMap>, forMs: number): void {
    this.#previous = changed;
    if (this.#previousTimer !== null) clearTimeout(this.#previousTimer);
    this.#previousTimer = setTimeout(() => {
      this.#previous = new Map();
      const plan = this.#plan;
      if (plan === null || this.#isEnded) return;
      void this.#jobs.run(() => this.#put(plan, this.#facts(plan, new Map()))).catch(() => {});
    }, forMs);
    this.#previousTimer.unref();
  }

  async #update(): Promise<void> {
    const [plan, rules] = [this.#plan, this.#rules];
    if (plan === null || rules === null) return;
    const facts = this.#facts(plan, this.#previous);
    const lines: string[] = [];
    const owners = new Map<string, Int32Array>();
    for (const [name, map] of rules.maps) {
      const now = ownersNow(map, facts);
      owners.set(name, now);
      lines.push(...changeLines(map, this.#owners.get(name)!, now));
    }
    const dead = deadNow(facts);
    for (const [name, now] of dead) lines.push(...setLines(name, this.#dead.get(name)!, now));
    if (lines.length > 0) {
      try {
        await applyRules(`${lines.join('\n')}\n`);
      } catch {
        // Somebody has changed or removed the table just now: all of it is set again.
        await this.#put(plan, facts);
        return;
      }
    }
    this.#owners = owners;
    this.#dead = dead;
    if (this.#index !== null && lines.length > 0) this.#moveOn(this.#index, facts);
  }

  /** Flows of UDP leave servers that are out, whatever `onDown` says, as in mode: proxy. */
  #moveOn(index: FlowIndex, facts: Facts): void {
    this.#flows.release(index, ({ server, isUnserved }) => {
      return isUnserved || (server !== null && facts.isOut(server));
    });
  }

  #facts(plan: Plan, previous: ReadonlyMap<string, PreviousMap>): Facts {
    const frames = new Map(this.#options.health().map((frame) => [frame.key, frame]));
    const isDown = (key: string): boolean => frames.get(key)?.state === 'down';
    // Its connections are cut as those of a server that has failed: see docs/tcp.md.
    const isOut = (key: string): boolean =>
      isDown(key) || frames.get(key)?.administrative === 'maintenance';
    return {
      previous,
      isClosing: this.#isClosing,
      keeper: process.pid,
      weightOf: (key) => frames.get(key)?.weight ?? null,
      isOut,
      isUsable: (key) =>
        !isDown(key) &&
        (frames.get(key)?.administrative ?? 'ready') === 'ready' &&
        frames.get(key)?.weight !== 0,
      dead: (family, protocol) => {
        const found = new Set<string>();
        for (const listener of plan.kernel) {
          const pool = plan.pools[listener.pool]!;
          if (listener.protocol !== protocol || pool.onDown !== 'close') continue;
          for (const { key, address } of pool.servers) {
            if (address.family === family && isOut(key))
              found.add(`${address.host} . ${address.port}`);
          }
        }
        return [...found];
      },
    };
  }
}

/** Listeners with an address that does not move to another node. */
function stayingListeners({ kernel, addresses }: Plan): Plan['kernel'] {
  const floating = new Set(addresses.flatMap(({ ips }) => ips.map(({ host }) => host)));
  return kernel.filter(({ binds }) => binds.some(({ host }) => !floating.has(host)));
}

/** Maps of before whose servers are others now. */
function changedMaps(
  before: ReadonlyMap<string, PoolMap>,
  after: ReadonlyMap<string, PoolMap>,
): ReadonlyMap<string, PoolMap> {
  const text = ({ servers }: PoolMap): string =>
    servers.map(({ address, weight }) => `${address.host} ${address.port} ${weight}`).join(',');
  return new Map(
    [...before].filter(([name, map]) => after.has(name) && text(map) !== text(after.get(name)!)),
  );
}

function deadNow(facts: RuleFacts): Map<string, ReadonlySet<string>> {
  const out = new Map<string, ReadonlySet<string>>();
  for (const family of ['ipv4', 'ipv6'] as const satisfies readonly Family[]) {
    for (const protocol of ['tcp', 'udp'] as const) {
      out.set(deadSetName(family, protocol), new Set(facts.dead(family, protocol)));
    }
  }
  return out;
}

/** What changes the owners of slots. */
function changeLines(map: PoolMap, before: Int32Array, now: Int32Array): string[] {
  const gone: number[] = [];
  const come: number[] = [];
  for (let slot = 0; slot < now.length; slot++) {
    if (before[slot] === now[slot]) continue;
    if (before[slot]! >= 0) gone.push(slot);
    if (now[slot]! >= 0) come.push(slot);
  }
  const lines: string[] = [];
  if (gone.length > 0)
    lines.push(`delete element ${TABLE} ${map.name} { ${gone.map(slotKey).join(', ')} }`);
  if (come.length > 0)
    lines.push(`add element ${TABLE} ${map.name} { ${elements(map, now, come)} }`);
  return lines;
}

function setLines(name: string, before: ReadonlySet<string>, now: ReadonlySet<string>): string[] {
  const gone = [...before].filter((one) => !now.has(one));
  const come = [...now].filter((one) => !before.has(one));
  const lines: string[] = [];
  if (gone.length > 0) lines.push(`delete element ${TABLE} ${name} { ${gone.join(', ')} }`);
  if (come.length > 0) lines.push(`add element ${TABLE} ${name} { ${come.join(', ')} }`);
  return lines;
}
