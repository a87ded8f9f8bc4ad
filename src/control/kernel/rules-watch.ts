/** Sees that another program has removed or emptied our table: `nft flush ruleset` does. */
import { existsSync } from 'node:fs';
import type { NetlinkMessage } from '../../codec/netlink/message.ts';
import { askChains, askGeneration, askTable } from '../../codec/netlink/nftables.ts';
import { readChain, readGeneration, readTable } from '../../codec/netlink/nftables.ts';
import { KEEPER_PREFIX } from '../../kernel/ruleset.ts';
import { Netlink } from '../../sys/netlink.ts';

/** How often the kernel is asked whether anything has changed, in ms; it costs some µs. */
const ASK_EVERY_MS = 50;

const KEEPER = new RegExp(`\\b${KEEPER_PREFIX}(\\d+)\\b`);

/** The living process, other than this one, that keeps a table. */
function keeperOf(mark: string | null): number | null {
  const keeper = Number(KEEPER.exec(mark ?? '')?.[1] ?? process.pid);
  return keeper !== process.pid && existsSync(`/proc/${keeper}`) ? keeper : null;
}

export class RulesWatch {
  readonly #table: string;
  readonly #onChange: () => void;
  #netlink: Netlink | null = null;
  #timer: NodeJS.Timeout | null = null;
  #generation: number | null = null;
  #mark: string | null = null;

  /** Watches a table of family inet; `onChange` is called when anything in nf_tables has changed. */
  constructor(table: string, onChange: () => void) {
    this.#table = table;
    this.#onChange = onChange;
  }

  /** As the table is now it is to stay. */
  begin(): void {
    try {
      this.#netlink ??= new Netlink('netfilter');
    } catch {
      // A kernel without nfnetlink: then nft has failed before.
      return;
    }
    this.#generation = this.#ask(askGeneration, readGeneration)[0] ?? null;
    this.#mark = this.#look();
    this.#timer ??= setInterval(() => this.#glance(), ASK_EVERY_MS).unref();
  }

  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#netlink?.close();
    this.#netlink = null;
  }

  /**
   * `changed` where the table is gone or another one, or has other chains, or other numbers of rules
   * in them; the process id of another balancer that has set it.
   */
  get state(): 'whole' | 'changed' | number {
    if (this.#netlink === null) return 'whole';
    const mark = this.#look();
    if (mark !== null && mark === this.#mark) return 'whole';
    return keeperOf(mark) ?? 'changed';
  }

  #glance(): void {
    const generation = this.#ask(askGeneration, readGeneration)[0] ?? null;
    if (generation === this.#generation) return;
    this.#generation = generation;
    this.#onChange();
  }

  #look(): string | null {
    const [handle] = this.#ask((sequence) => askTable(this.#table, sequence), readTable);
    if (handle === undefined) return null;
    const chains = this.#ask(askChains, (message) => readChain(message, this.#table));
    return [handle, ...chains].join(', ');
  }

  #ask<T>(
    build: (sequence: number) => Uint8Array,
    read: (message: NetlinkMessage) => T | null,
  ): T[] {
    const messages = this.#netlink?.dump(build) ?? [];
    return messages.map(read).filter((one) => one !== null);
  }
}
