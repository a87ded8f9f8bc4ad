import { dnsCodeName } from '../../codec/dns.ts';
import type { DnsMessage, DnsRecord } from '../../codec/dns.ts';
import { parseIp } from '../../codec/ip-address.ts';
import { recordText } from '../../machine/name-lookup.ts';
import type { NameRecord } from '../../machine/name-lookup.ts';
import type { NameReason, Outcome, Question } from './question.ts';

/** Addresses of one name that are used; past it, those last in order are left out. */
export const ADDRESSES_MAX = 1_024;
/** Services of one SRV name that are used. */
export const SERVICES_MAX = 256;
/** Aliases (CNAME) in a row. */
export const ALIASES_MAX = 12;

const CODE_NOERROR = 0;
const CODE_NXDOMAIN = 3;

/** What an answer says: an outcome, or the alias under which to ask on. */
export type AnswerRead =
  | Outcome
  /** `aliases` counts those followed so far, `ttlMs` is their least time to live. */
  | {
      readonly kind: 'alias';
      readonly host: string;
      readonly aliases: number;
      readonly ttlMs: number;
    };

/** What was followed before this answer; for the first one there is nothing. */
export type Followed = { readonly aliases: number; readonly ttlMs: number };

const MS = 1_000;

/** Reads the answer to a question, which the caller has matched. Called for each answer. */
export function readAnswer(
  message: DnsMessage,
  question: Question,
  followed: Followed = { aliases: 0, ttlMs: Infinity },
): AnswerRead {
  const { code } = message;
  if (code !== CODE_NOERROR && code !== CODE_NXDOMAIN) {
    return failed('name-server-error', `the name server answered ${dnsCodeName(code)}`);
  }
  const end = followAliases(message.answers, question, followed);
  if (end === null) {
    return failed('name-bad-answer', `more than ${ALIASES_MAX} aliases lead on from each other`);
  }
  const found = message.answers.filter(
    ({ name, data }) => name === end.host && data.kind === question.type,
  );
  if (found.length > 0) return readFound(found, end.ttlMs);
  if (code === CODE_NXDOMAIN) {
    const detail = `no such name: ${end.host}`;
    return { kind: 'empty', reason: 'name-not-found', detail, ttlMs: negativeTtlMs(message) };
  }
  if (end.aliases > followed.aliases && !isEndOfChain(message)) return { kind: 'alias', ...end };
  if (isReferral(message)) {
    return failed('name-bad-answer', 'the name server does not look names up for others');
  }
  const detail = `${end.host} has no ${question.type} record`;
  return { kind: 'empty', reason: 'name-no-records', detail, ttlMs: negativeTtlMs(message) };
}

type ChainEnd = { readonly host: string; readonly aliases: number; readonly ttlMs: number };

/** Null where the chain is too long, which one that leads back to itself is. */
function followAliases(
  answers: readonly DnsRecord[],
  question: Question,
  followed: Followed,
): ChainEnd | null {
  let { host } = question;
  let { aliases, ttlMs } = followed;
  for (;;) {
    const alias = answers.find(({ name, data }) => name === host && data.kind === 'CNAME');
    if (alias?.data.kind !== 'CNAME') return { host, aliases, ttlMs };
    aliases += 1;
    if (aliases > ALIASES_MAX) return null;
    host = alias.data.target;
    ttlMs = Math.min(ttlMs, alias.ttlS * MS);
  }
}

function readFound(found: readonly DnsRecord[], chainTtlMs: number): Outcome {
  const byText = new Map<string, NameRecord>();
  let ttlMs = chainTtlMs;
  for (const { data, ttlS } of found) {
    ttlMs = Math.min(ttlMs, ttlS * MS);
    const record = usable(data);
    if (record !== null) byText.set(recordText(record), record);
  }
  const records = [...byText.values()].sort(inOrder);
  if (records.length === 0) {
    const detail = 'no address or service of the answer can be that of a server';
    return { kind: 'empty', reason: 'name-no-records', detail, ttlMs };
  }
  const most = records[0]!.kind === 'service' ? SERVICES_MAX : ADDRESSES_MAX;
  const left = Math.max(0, records.length - most);
  return { kind: 'records', records: records.slice(0, most), ttlMs, left };
}

/** The record as we use it; null for one that no server can have. */
function usable(data: DnsRecord['data']): NameRecord | null {
  if (data.kind === 'SRV') {
    const { priority, weight, port, target } = data;
    // RFC 2782: the root as target says that there is no such service here.
    if (target === '' || port === 0) return null;
    return { kind: 'service', priority, weight, port, target };
  }
  if (data.kind !== 'A' && data.kind !== 'AAAA') return null;
  const { address } = data;
  return isServerAddress(address) ? { kind: 'address', address } : null;
}

/** Not "this host", which would be ourselves, nor multicast, nor broadcast. */
export function isServerAddress(address: string): boolean {
  const bytes = parseIp(address)!;
  const first = bytes[0]!;
  if (bytes.length === 4) return first !== 0 && first < 224;
  return first !== 0xff && bytes.some((byte) => byte !== 0);
}

/** The order of answers changes nothing, nor does a new weight. */
function inOrder(a: NameRecord, b: NameRecord): number {
  if (a.kind === 'address' && b.kind === 'address') return a.address < b.address ? -1 : 1;
  if (a.kind === 'address' || b.kind === 'address') return 0;
  if (a.priority !== b.priority) return a.priority - b.priority;
  if (a.target !== b.target) return a.target < b.target ? -1 : 1;
  return a.port - b.port || a.weight - b.weight;
}

/** RFC 2308 §5: the lesser of the SOA record's own time to live and its minimum. */
function negativeTtlMs({ authority }: DnsMessage): number | null {
  for (const { data, ttlS } of authority) {
    if (data.kind === 'SOA') return Math.min(ttlS, data.minimumS) * MS;
  }
  return null;
}

/** An alias without its target and with an SOA record: the target has no such record (RFC 2308). */
function isEndOfChain({ authority }: DnsMessage): boolean {
  return authority.some(({ data }) => data.kind === 'SOA');
}

function isReferral({ authority, canRecurse, isAuthoritative }: DnsMessage): boolean {
  const hasServers = authority.some(({ data }) => data.kind === 'NS');
  return hasServers && !canRecurse && !isAuthoritative;
}

function failed(reason: NameReason, detail: string): Outcome {
  return { kind: 'failed', reason, detail };
}
