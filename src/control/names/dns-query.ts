import { randomInt } from 'node:crypto';
import { DNS_TYPE, readDns, readDnsHead, writeDnsQuery } from '../../codec/dns.ts';
import type { DnsHead, DnsMessage, DnsType } from '../../codec/dns.ts';
import { readDnsName, writeDnsName } from '../../codec/dns-name.ts';

/** What came of bytes that were received for a question. */
export type Received =
  /** Not an answer to this question: another's, a late one, a forged one. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'truncated'; readonly head: DnsHead }
  | { readonly kind: 'answer'; readonly message: DnsMessage }
  /** An answer to this question that is not well-formed. */
  | { readonly kind: 'fault'; readonly fault: string };

const FOREIGN: Received = { kind: 'foreign' };
const CLASS_IN = 1;
const CODE_FORMERR = 1;
const IDS = 0x1_0000;

/** One question as it is sent, with an id that nobody can foresee, and what answers it. */
export class DnsQuery {
  readonly bytes: Uint8Array;
  readonly #id: number;
  readonly #name: string;
  readonly #type: number;

  private constructor(
    bytes: Uint8Array,
    { id, name, type }: { id: number; name: string; type: number },
  ) {
    this.bytes = bytes;
    this.#id = id;
    this.#name = name;
    this.#type = type;
  }

  /** Null where `host` is no name. */
  static make(host: string, type: DnsType, edns: boolean): DnsQuery | null {
    const id = randomInt(IDS);
    const bytes = writeDnsQuery({ id, name: host, type, edns });
    if (bytes === null) return null;
    const name = readDnsName(writeDnsName(host)!, 0);
    if (typeof name === 'string') return null;
    return new DnsQuery(bytes, { id, name: name.name, type: DNS_TYPE[type] });
  }

  /**
   * Reads what was received: id, kind and question must be those that were sent (RFC 5452 §9.1). A
   * server that did not understand us need not repeat the question.
   */
  receive(bytes: Uint8Array): Received {
    const read = readDnsHead(bytes);
    if (!read.ok) return FOREIGN;
    const head = read.value;
    if (head.id !== this.#id || !head.isAnswer || head.opcode !== 0) return FOREIGN;
    const [asked] = head.questions;
    if (asked === undefined) {
      if (head.code !== CODE_FORMERR) return FOREIGN;
    } else if (asked.name !== this.#name || asked.type !== this.#type || asked.class !== CLASS_IN) {
      return FOREIGN;
    }
    if (head.isTruncated) return { kind: 'truncated', head };
    const result = readDns(bytes);
    if (!result.ok) return { kind: 'fault', fault: result.fault };
    return { kind: 'answer', message: result.value };
  }
}
