/** Sees that another program has removed or emptied our table: `nft flush ruleset` does. */
import { askChains, askGeneration, askTable } from '../../codec/netlink/nftables.ts';
import { readChain, readGeneration, readTable } from '../../codec/netlink/nftables.ts';
import { Netlink } from '../../sys/netlink.ts';

/** How often the kernel is asked whether anything has changed, in ms; it costs some µs. */
const ASK_EVERY_MS = 50;

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

  /** Whether the table is another one, has other chains, or other numbers of rules in them. */
  get isOther(): boolean {
    return this.#netlink !== null && (this.#mark === null || this.#look() !== this.#mark);
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
    read: (message: ReturnType<Netlink['dump']>[number]) => T | null,
  ): T[] {
    const messages = this.#netlink?.dump(build) ?? [];
    return messages.map(read).filter((one) => one !== null);
  }
}
