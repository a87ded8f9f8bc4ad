/**
 * Entries of the kernel's table of connections, as nfnetlink has them: <linux/netfilter/nfnetlink.h>
 * and nfnetlink_conntrack.h. What the family's head and ports have is in network byte order.
 */
import { formatIp } from '../ip-address.ts';
import { attributeBytes, MessageWriter, readAttributes } from './message.ts';
import { NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST } from './message.ts';

/** Types of messages: the subsystem of connections, and what is wanted. */
const CT_GET = (1 << 8) | 1;
const CT_DELETE = (1 << 8) | 2;

const FIXED_BYTES = 4;
const NESTED = 0x8000;
const CTA = { original: 1, reply: 2, protoInfo: 4, id: 12, zone: 18, filter: 25 } as const;
const TUPLE = { ip: 1, protocol: 2 } as const;
/** Source and destination. */
const IP = { ipv4: [1, 2], ipv6: [3, 4] } as const;
const PROTOCOL = { number: 1, sourcePort: 2, destinationPort: 3 } as const;
const PROTO_INFO_TCP = 1;
const TCP_STATE = 1;
const FILTER_REPLY_FLAGS = 2;
/** Compare the protocol alone: CTA_FILTER_FLAG(CTA_PROTO_NUM). */
const FILTER_PROTOCOL = 1 << 3;
const FAMILY = { ipv4: 2, ipv6: 10 } as const;
const NUMBER = { tcp: 6, udp: 17 } as const;
/** States of TCP in which one side may speak still: all but LAST_ACK, TIME_WAIT and CLOSE. */
const TCP_LIVE: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 9]);

export type FlowProtocol = keyof typeof NUMBER;
export type FlowFamily = keyof typeof FAMILY;

/** A connection or flow that the kernel knows. */
export type Flow = {
  /** Who has spoken first, and to whom, as its packets come in: `address port`. */
  readonly from: string;
  readonly to: string;
  /** Who answers, and to whom, as the packets of the answer come in. */
  readonly replyFrom: string;
  readonly replyTo: string;
  /** Whether it still is one: of TCP, that not both sides have closed it. */
  readonly isLive: boolean;
  /** What names it to the kernel, for `forgetFlow`. */
  readonly handle: Buffer;
};

const head = (family: FlowFamily): Uint8Array => Uint8Array.of(FAMILY[family], 0, 0, 0);

/** Asks for the flows of a family and protocol; a kernel before 5.8 answers with all protocols. */
export function listFlows(
  family: FlowFamily,
  protocol: FlowProtocol,
  sequence: number,
): Uint8Array {
  const number = attributeBytes(PROTOCOL.number, Uint8Array.of(NUMBER[protocol]));
  const flags = Buffer.alloc(4);
  flags.writeUInt32LE(FILTER_PROTOCOL, 0);
  return new MessageWriter(CT_GET, NLM_F_REQUEST | NLM_F_DUMP, sequence)
    .fixed(head(family))
    .attribute(CTA.reply | NESTED, attributeBytes(TUPLE.protocol | NESTED, number))
    .attribute(CTA.filter | NESTED, attributeBytes(FILTER_REPLY_FLAGS, flags))
    .end();
}

/** Takes a flow out of the table: its next packet is looked at as a first one. */
export function forgetFlow(family: FlowFamily, { handle }: Flow, sequence: number): Uint8Array {
  return new MessageWriter(CT_DELETE, NLM_F_REQUEST | NLM_F_ACK, sequence)
    .fixed(head(family))
    .fixed(handle)
    .end();
}

/** Reads one entry of an answer; null for another protocol, or where something is missing. */
export function readFlow(body: Buffer, family: FlowFamily, protocol: FlowProtocol): Flow | null {
  const found = readAttributes(body, FIXED_BYTES);
  const original = found.get(CTA.original);
  const reply = found.get(CTA.reply);
  if (original === undefined || reply === undefined) return null;
  const asked = endsOf(original, family, NUMBER[protocol]);
  const answered = endsOf(reply, family, NUMBER[protocol]);
  if (asked === null || answered === null) return null;
  const parts = [attributeBytes(CTA.original | NESTED, original)];
  for (const type of [CTA.id, CTA.zone]) {
    const value = found.get(type);
    if (value !== undefined) parts.push(attributeBytes(type, value));
  }
  const isLive = protocol === 'udp' || TCP_LIVE.has(tcpState(found.get(CTA.protoInfo)));
  const [from, to] = asked;
  const [replyFrom, replyTo] = answered;
  return { from, to, replyFrom, replyTo, isLive, handle: Buffer.concat(parts) };
}

/** `address port` of the sender and the receiver of a tuple; null where the protocol is another. */
function endsOf(tuple: Buffer, family: FlowFamily, number: number): [string, string] | null {
  const parts = readAttributes(tuple, 0);
  const addresses = parts.get(TUPLE.ip);
  const protocol = parts.get(TUPLE.protocol);
  if (addresses === undefined || protocol === undefined) return null;
  const ports = readAttributes(protocol, 0);
  if (ports.get(PROTOCOL.number)?.[0] !== number) return null;
  const found = readAttributes(addresses, 0);
  const [source, destination] = IP[family];
  const from = endText(found.get(source), ports.get(PROTOCOL.sourcePort));
  const to = endText(found.get(destination), ports.get(PROTOCOL.destinationPort));
  return from === null || to === null ? null : [from, to];
}

function endText(address: Buffer | undefined, port: Buffer | undefined): string | null {
  if (address === undefined || port === undefined || port.length < 2) return null;
  return `${formatIp(address)} ${port.readUInt16BE(0)}`;
}

function tcpState(info: Buffer | undefined): number {
  if (info === undefined) return 0;
  const tcp = readAttributes(info, 0).get(PROTO_INFO_TCP);
  return tcp === undefined ? 0 : (readAttributes(tcp, 0).get(TCP_STATE)?.[0] ?? 0);
}
