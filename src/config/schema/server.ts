import { z } from 'zod';
import type { BindPlan } from '../plan.ts';
import { fixedAddress } from './address.ts';
import { bareHost } from './host.ts';
import { flag, integer, word } from './scalar.ts';
import { serverAddress, serverAddressText } from './server-address.ts';
import type { ServerAddress } from './server-address.ts';
import { section } from './structure.ts';
import { name } from './text.ts';

/** Greatest weight of a server. */
export const WEIGHT_MAX = 256;

/** Greatest number of connections or requests at once that can be asked for. */
export const CONNECTIONS_MAX = 1_000_000;

const ADDRESS =
  'Address: 10.0.0.11:8080, "[2001:db8::1]:8080" or unix:/path. Or a name: db.example.com:5432 ' +
  'stands for its A and AAAA records, srv:_pg._tcp.example.com for its SRV records.';

/** Schema of one entry of `servers`. */
export const serverSchema = z.union([
  serverAddress(ADDRESS),
  section(
    'A server with settings of its own; with a name, the settings of all that it stands for.',
    {
      address: serverAddress(ADDRESS),
      name: name('Name in metrics and commands; the address where none is given.').optional(),
      weight: integer(
        0,
        WEIGHT_MAX,
        'Share of the requests; a server of weight 0 takes no new ones.',
      ).prefault(1),
      maxConnections: integer(
        0,
        CONNECTIONS_MAX,
        'Requests (tcp, udp: sessions) at once over all workers; 0 is no limit. By default that of the pool.',
      ).optional(),
      backup: flag('Whether it serves only while no server that is not a backup is up.').prefault(
        false,
      ),
      checkAddress: fixedAddress(
        "Where its check goes; by default its own address, with the check's port. Not with a name.",
      ).optional(),
      serverName: bareHost(
        'With tls of the pool: name for SNI and the certificate, instead of that of the pool.',
      ).optional(),
      family: word(
        ['any', 'ipv4', 'ipv6'],
        'With a name: which of its addresses are used.',
      ).prefault('any'),
    },
  ),
]);

/** One entry of `servers` with its defaults filled in. */
export type ServerConfig = z.output<typeof serverSchema>;

/** The settings of one server. */
export type ServerSettings = {
  readonly address: ServerAddress;
  readonly name: string;
  readonly weight: number;
  /** Undefined takes that of the pool. */
  readonly maxConnections: number | undefined;
  readonly backup: boolean;
  readonly checkAddress: BindPlan | undefined;
  /** Undefined takes that of the pool. */
  readonly serverName: string | undefined;
  readonly family: 'any' | 'ipv4' | 'ipv6';
};

/** The settings of a server, whether it was given as an address or as a map. */
export function serverSettings(given: ServerConfig): ServerSettings {
  if ('address' in given) {
    return {
      ...given,
      name: given.name ?? serverAddressText(given.address),
      maxConnections: given.maxConnections,
      checkAddress: given.checkAddress,
      serverName: given.serverName,
    };
  }
  return {
    address: given,
    name: serverAddressText(given),
    weight: 1,
    maxConnections: undefined,
    backup: false,
    checkAddress: undefined,
    serverName: undefined,
    family: 'any',
  };
}
