import { isIPv6 } from 'node:net';
import type { z } from 'zod';
import type { DnsProbePlan } from '../../plan-check.ts';
import { canonicalIpv6 } from '../address.ts';
import { dnsName } from '../host.ts';
import { word } from '../scalar.ts';
import { list, section } from '../structure.ts';
import { text } from '../text.ts';

const TYPES = ['A', 'AAAA', 'NS', 'SOA', 'TXT', 'SRV', 'MX', 'CNAME', 'PTR'] as const;

/** Response codes of RFC 1035 §4.1.1. */
const CODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'] as const;

/** Schema of `check.dns`. */
export const dnsCheck = section('Asks a name server a question.', {
  name: dnsName('The name that is asked for.'),
  type: word(TYPES, 'The type of record.').prefault('A'),
  transport: word(['udp', 'tcp'], 'How the question is sent.').prefault('udp'),
  codes: list('Response codes that pass.', word(CODES, 'A code.')).prefault(['NOERROR']),
  expect: text(
    'An address or a text that one of the answers must have; by default any will do.',
    1_024,
  ).optional(),
});

/** `check.dns` with its defaults filled in. */
export type DnsCheckConfig = z.output<typeof dnsCheck>;

/** `check.dns` as the plan has it. */
export function dnsProbe(check: DnsCheckConfig): DnsProbePlan {
  const { transport, name, type, codes, expect = null } = check;
  const isAddress = expect !== null && type === 'AAAA' && isIPv6(expect);
  const wanted = isAddress ? canonicalIpv6(expect) : expect;
  return { kind: 'dns', transport, name, type, codes, expect: wanted };
}
