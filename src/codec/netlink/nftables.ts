/**
 * What nf_tables has, as nfnetlink tells it: <linux/netfilter/nf_tables.h>. Only enough to see that
 * somebody has changed something; rules are written by nft(8). Numbers are in network byte order.
 */
import { MessageWriter, NLM_F_DUMP, NLM_F_REQUEST } from './message.ts';
import { readAttributes, type NetlinkMessage } from './message.ts';

const SUBSYSTEM = 10 << 8;
const MESSAGE = {
  newTable: SUBSYSTEM | 0,
  getTable: SUBSYSTEM | 1,
  newChain: SUBSYSTEM | 3,
  getChain: SUBSYSTEM | 4,
  newGeneration: SUBSYSTEM | 15,
  getGeneration: SUBSYSTEM | 16,
} as const;
const FIXED_BYTES = 4;
/** The family of tables for both IPv4 and IPv6. */
const INET = 1;
const TABLE = { name: 1, handle: 4 } as const;
const CHAIN = { table: 1, name: 3, rules: 6 } as const;
const GENERATION_ID = 1;

const head = Uint8Array.of(INET, 0, 0, 0);
const text = (name: string): Buffer => Buffer.from(`${name}\0`);

/** Asks for the number that each change of anything in nf_tables makes another one. */
export function askGeneration(sequence: number): Uint8Array {
  return new MessageWriter(MESSAGE.getGeneration, NLM_F_REQUEST, sequence)
    .fixed(Uint8Array.of(0, 0, 0, 0))
    .end();
}

/** The number; null where a message says something else. */
export function readGeneration({ type, body }: NetlinkMessage): number | null {
  if (type !== MESSAGE.newGeneration) return null;
  const id = readAttributes(body, FIXED_BYTES).get(GENERATION_ID);
  return id === undefined || id.length < 4 ? null : id.readUInt32BE(0);
}

/** Asks for a table of family inet. */
export function askTable(name: string, sequence: number): Uint8Array {
  return new MessageWriter(MESSAGE.getTable, NLM_F_REQUEST, sequence)
    .fixed(head)
    .attribute(TABLE.name, text(name))
    .end();
}

/** What names this table and no other of its name, before or after; null for another message. */
export function readTable({ type, body }: NetlinkMessage): string | null {
  if (type !== MESSAGE.newTable) return null;
  return readAttributes(body, FIXED_BYTES).get(TABLE.handle)?.toString('hex') ?? null;
}

/** Asks for the chains of all tables of family inet. */
export function askChains(sequence: number): Uint8Array {
  return new MessageWriter(MESSAGE.getChain, NLM_F_REQUEST | NLM_F_DUMP, sequence)
    .fixed(head)
    .end();
}

/** Name of a chain of a table, and how many rules it has; null for another message. */
export function readChain({ type, body }: NetlinkMessage, table: string): string | null {
  if (type !== MESSAGE.newChain) return null;
  const found = readAttributes(body, FIXED_BYTES);
  if (found.get(CHAIN.table)?.equals(text(table)) !== true) return null;
  const name = found.get(CHAIN.name)?.toString('latin1').replace(/\0.*$/s, '') ?? '';
  const rules = found.get(CHAIN.rules);
  return `${name} ${rules === undefined || rules.length < 4 ? 0 : rules.readUInt32BE(0)}`;
}
