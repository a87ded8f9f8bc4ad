import { z } from 'zod';
import type { BindPlan } from '../plan.ts';
import { addressText, serverAddress } from './address.ts';
import { flag, integer } from './scalar.ts';
import { section } from './structure.ts';
import { name } from './text.ts';

/** Greatest weight of a server. */
export const WEIGHT_MAX = 256;

/** Greatest number of connections or requests at once that can be asked for. */
export const CONNECTIONS_MAX = 1_000_000;

const ADDRESS = 'Address: 10.0.0.11:8080, "[2001:db8::1]:8080" or unix:/path.';

/** Schema of one entry of `servers`. */
export const serverSchema = z.union([
  serverAddress(ADDRESS),
  section('A server with settings of its own.', {
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
    checkAddress: serverAddress(
      "Where its check goes; by default its own address, with the check's port.",
    ).optional(),
  }),
]);

/** One entry of `servers` with its defaults filled in. */
export type ServerConfig = z.output<typeof serverSchema>;

/** The settings of one server. */
export type ServerSettings = {
  readonly address: BindPlan;
  readonly name: string;
  readonly weight: number;
  /** Undefined takes that of the pool. */
  readonly maxConnections: number | undefined;
  readonly backup: boolean;
  readonly checkAddress: BindPlan | undefined;
};

/** The settings of a server, whether it was given as an address or as a map. */
export function serverSettings(given: ServerConfig): ServerSettings {
  if ('address' in given) {
    const { name: own, maxConnections, checkAddress } = given;
    return { ...given, name: own ?? addressText(given.address), maxConnections, checkAddress };
  }
  return {
    address: given,
    name: addressText(given),
    weight: 1,
    maxConnections: undefined,
    backup: false,
    checkAddress: undefined,
  };
}
