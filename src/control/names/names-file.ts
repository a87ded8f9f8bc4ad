/**
 * `names.json` in the state folder: what was last known of each name, so that a supervisor that
 * starts while the DNS is away still knows where the servers were.
 *
 * What is older than a day is not used any more. A file that makes no sense is set aside and never a
 * reason not to start.
 */
import { join } from 'node:path';
import { canonicalDnsName, writeDnsName } from '../../codec/dns-name.ts';
import { formatIp, parseIp } from '../../codec/ip-address.ts';
import type { NameRecord } from '../../machine/name-lookup.ts';
import { WholeFile } from '../whole-file.ts';
import { questionKey } from './question.ts';
import type { QuestionType } from './question.ts';
import { ADDRESSES_MAX, SERVICES_MAX, isServerAddress } from './read-answer.ts';

/** Name in the state folder. */
export const NAMES_FILE = 'names.json';
/** A longer file is not one of ours, in bytes. */
export const NAMES_BYTES_MAX = 64 << 20;
/** What is older is not used, in ms. */
export const REMEMBERED_MS_MAX = 24 * 60 * 60 * 1_000;

const FORMAT = 1;

/** Records by question, as `questionKey` writes it. */
export type RememberedNames = ReadonlyMap<string, readonly NameRecord[]>;

/** What reading gave: never an error, only records and what is to be logged. */
export type NamesRead = { readonly names: RememberedNames; readonly warnings: readonly string[] };

const NOTHING: RememberedNames = new Map();

export class NamesFile {
  readonly path: string;
  readonly #file: WholeFile;

  constructor(folder: string) {
    this.path = join(folder, NAMES_FILE);
    this.#file = new WholeFile(this.path, NAMES_BYTES_MAX);
  }

  /** `nowMs` is the time of day, in ms since the epoch. */
  read(nowMs: number): NamesRead {
    try {
      const text = this.#file.read();
      return { names: text === null ? NOTHING : parse(text, nowMs), warnings: [] };
    } catch (error) {
      return { names: NOTHING, warnings: [this.#file.setAside((error as Error).message)] };
    }
  }

  /** Resolves with null when it is on the disk, else with what went wrong. */
  save(names: () => RememberedNames, nowMs: number): Promise<string | null> {
    return this.#file.save(() => {
      const savedAt = new Date(nowMs).toISOString();
      return `${JSON.stringify({ format: FORMAT, savedAt, names: Object.fromEntries(names()) })}\n`;
    });
  }
}

/** Throws where the whole makes no sense; what makes none of it is left out. */
function parse(text: string, nowMs: number): RememberedNames {
  const whole = JSON.parse(text) as unknown;
  if (!isMap(whole) || whole['format'] !== FORMAT) throw new Error(`it is not of format ${FORMAT}`);
  const savedAtMs = Date.parse(String(whole['savedAt']));
  if (Number.isNaN(savedAtMs)) throw new Error('it does not say when it was written');
  const all = whole['names'];
  if (!isMap(all)) throw new Error('it has no map of names');
  return Math.abs(nowMs - savedAtMs) > REMEMBERED_MS_MAX ? NOTHING : readNames(all);
}

/** Records by question; what makes no sense is left out. */
export function readNames(all: Readonly<Record<string, unknown>>): RememberedNames {
  const names = new Map<string, readonly NameRecord[]>();
  for (const [key, value] of Object.entries(all)) {
    const type = typeOf(key);
    if (type === null || !Array.isArray(value)) continue;
    const most = type === 'SRV' ? SERVICES_MAX : ADDRESSES_MAX;
    const records = (value as unknown[]).slice(0, most).map((one) => recordOf(one, type));
    const good = records.filter((record) => record !== null);
    if (good.length > 0) names.set(key, good);
  }
  return names;
}

function typeOf(key: string): QuestionType | null {
  const [type = '', host = ''] = key.split(' ');
  if (type !== 'A' && type !== 'AAAA' && type !== 'SRV') return null;
  return key === questionKey({ type, host }) ? type : null;
}

function recordOf(value: unknown, type: QuestionType): NameRecord | null {
  if (!isMap(value)) return null;
  const { kind, address, priority, weight, port, target } = value;
  if (type !== 'SRV') {
    if (kind !== 'address' || typeof address !== 'string') return null;
    const bytes = parseIp(address);
    if (bytes?.length !== (type === 'A' ? 4 : 16) || formatIp(bytes) !== address) return null;
    return isServerAddress(address) ? { kind, address } : null;
  }
  if (kind !== 'service' || typeof target !== 'string') return null;
  if (!isUint16(priority) || !isUint16(weight) || !isUint16(port) || port === 0) return null;
  if (target === '' || target !== canonicalDnsName(target) || writeDnsName(target) === null) {
    return null;
  }
  return { kind, priority, weight, port, target };
}

function isUint16(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffff;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
