import { z } from 'zod';
import type { ProxySendPlan } from '../plan-layer4.ts';
import { network } from './network.ts';
import { flag, integer, word } from './scalar.ts';
import { list, section } from './structure.ts';

/** Schema of `proxyProtocol` of a listener. */
export const proxyAcceptSchema = section('The PROXY protocol, versions 1 and 2, from clients.', {
  from: list(
    'Networks whose connections must begin with a PROXY header; from others one is refused.',
    network('A network.'),
  ),
});

const short = word(['v1', 'v2'], 'The version, with the defaults of the map.');

const full = section('The PROXY protocol towards servers.', {
  version: integer(1, 2, 'The version: 1 is a line of text, 2 is binary.').prefault(2),
  authority: flag(
    'Version 2: whether the name is sent that the client asked for in TLS, where there is one.',
  ).prefault(true),
  uniqueId: flag('Version 2: whether a unique id of the connection is sent.').prefault(false),
  checksum: flag('Version 2: whether a CRC32C of the header is sent.').prefault(true),
});

/** Schema of `proxyProtocol` of a pool. */
export const proxySendSchema = z.union([short, full]).meta({
  description:
    'Begins connections to servers with a PROXY header that names the client. Off by default.',
});

/** `proxyProtocol` of a pool as the plan has it. */
export function proxySendPlan(given: z.output<typeof proxySendSchema>): ProxySendPlan {
  const settings = typeof given === 'string' ? full.parse({ version: Number(given[1]) }) : given;
  if (settings.version === 1) {
    return { version: 1, authority: false, uniqueId: false, checksum: false };
  }
  return { ...settings, version: 2 };
}
