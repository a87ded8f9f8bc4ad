/** Writes whole DNS messages, names compressed, for tests and for the servers that tests fake. */
import { DNS_TYPE } from './dns.ts';
import type { DnsMessage, DnsQuestion, DnsRecord } from './dns.ts';
import type { DnsData } from './dns-data.ts';
import { writeDnsName } from './dns-name.ts';
import { parseIp } from './ip-address.ts';

/** The parts of a message that a test cares for; an answer without error otherwise. */
export type DnsParts = Partial<Omit<DnsMessage, 'hasEdns'>> & { readonly edns?: boolean };

class Writer {
  readonly bytes: number[] = [];
  readonly #offsets = new Map<string, number>();

  uint16(value: number): void {
    this.bytes.push((value >> 8) & 255, value & 255);
  }

  uint32(value: number): void {
    this.uint16(Math.floor(value / 0x1_0000));
    this.uint16(value % 0x1_0000);
  }

  /** Each suffix that was written before becomes a pointer. */
  name(text: string): void {
    const whole = writeDnsName(text)!;
    let at = 0;
    while (whole[at] !== 0) {
      const suffix = whole.subarray(at).toString();
      const offset = this.#offsets.get(suffix);
      if (offset !== undefined) {
        this.uint16(0xc000 | offset);
        return;
      }
      if (this.bytes.length < 0x4000) this.#offsets.set(suffix, this.bytes.length);
      this.bytes.push(...whole.subarray(at, at + 1 + whole[at]!));
      at += 1 + whole[at]!;
    }
    this.bytes.push(0);
  }

  record({ name, ttlS, data }: DnsRecord): void {
    this.name(name);
    this.uint16(data.kind === 'other' ? 99 : DNS_TYPE[data.kind]);
    this.uint16(1);
    this.uint32(ttlS);
    const sizeAt = this.bytes.length;
    this.uint16(0);
    this.#data(data);
    const size = this.bytes.length - sizeAt - 2;
    this.bytes[sizeAt] = size >> 8;
    this.bytes[sizeAt + 1] = size & 255;
  }

  #data(data: DnsData): void {
    switch (data.kind) {
      case 'A':
      case 'AAAA':
        this.bytes.push(...parseIp(data.address)!);
        return;
      case 'CNAME':
      case 'NS':
      case 'PTR':
        this.name(data.target);
        return;
      case 'MX':
        this.uint16(data.preference);
        this.name(data.target);
        return;
      case 'SRV':
        for (const value of [data.priority, data.weight, data.port]) this.uint16(value);
        this.name(data.target);
        return;
      case 'TXT':
        for (const text of data.texts) this.bytes.push(text.length, ...Buffer.from(text, 'latin1'));
        return;
      case 'SOA':
        this.name(data.primary);
        this.name(data.mailbox);
        for (const value of [data.serial, data.refreshS, data.retryS]) this.uint32(value);
        for (const value of [data.expireS, data.minimumS]) this.uint32(value);
        return;
      case 'other':
        this.bytes.push(1, 2, 3);
        return;
      default:
        data satisfies never;
    }
  }
}

/** The bytes of a message. */
export function writeDns(parts: DnsParts): Uint8Array {
  const { questions = [], answers = [], authority = [], additional = [], edns = false } = parts;
  const writer = new Writer();
  writer.uint16(parts.id ?? 0);
  const code = parts.code ?? 0;
  writer.uint16(
    ((parts.isAnswer ?? true) ? 0x8000 : 0) |
      ((parts.opcode ?? 0) << 11) |
      (parts.isAuthoritative ? 0x0400 : 0) |
      (parts.isTruncated ? 0x0200 : 0) |
      ((parts.canRecurse ?? true) ? 0x0080 : 0) |
      (code & 15),
  );
  writer.uint16(questions.length);
  for (const section of [answers, authority]) writer.uint16(section.length);
  writer.uint16(additional.length + (edns ? 1 : 0));
  for (const { name, type, class: questionClass } of questions) {
    writer.name(name);
    writer.uint16(type);
    writer.uint16(questionClass);
  }
  for (const record of [...answers, ...authority, ...additional]) writer.record(record);
  if (edns) writer.bytes.push(0, 0, 41, 4, 208, code >> 4, 0, 0, 0, 0, 0);
  return Uint8Array.from(writer.bytes);
}

/** A question of class IN. */
export function questionOf(name: string, type: keyof typeof DNS_TYPE): DnsQuestion {
  return { name, type: DNS_TYPE[type], class: 1 };
}
