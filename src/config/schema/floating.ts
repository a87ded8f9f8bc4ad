import { z } from 'zod';
import { sourceAddress } from './address.ts';
import { floatingIp, interfaceName, routeTarget } from './floating-ip.ts';
import { flag, integer, word } from './scalar.ts';
import { list, optionalSection, section } from './structure.ts';
import { filePath, keyName, text } from './text.ts';
import { duration } from './units.ts';

/** Greatest interval of version 3: twelve bits of hundredths of a second (RFC 9568 §5.2.7). */
const INTERVAL_MAX_MS = 40_950;

const secondPath = section('A second way by which the other nodes are heard.', {
  interface: interfaceName('The interface; the one of the addresses adds unicast to multicast.'),
  peers: z
    .array(sourceAddress('Address of another node.'))
    .prefault([])
    .meta({ description: 'Addresses of the other nodes there; left out: multicast.' }),
});

const auth = section('Authentication of advertisements, as keepalived 2.4 has it (auth_hmac).', {
  keys: list(
    'Keys. The first one signs; all are accepted, so that one takes the place of another.',
    section('A key.', {
      id: integer(0, 255, 'Number of the key, the same on all nodes.'),
      file: filePath('A file that holds 32 to 64 bytes in hexadecimal.'),
    }),
  ),
  mode: word(
    ['receive-only', 'permissive', 'enforce'],
    'receive-only signs nothing and refuses nothing, permissive signs and believes what is unsigned too, enforce believes what is signed alone.',
  ).prefault('enforce'),
  replay: word(
    ['monotonic', 'time'],
    'What was said before is refused: monotonic by the numbers of each node, time by the clocks of all nodes as well.',
  ).prefault('monotonic'),
});

const vrrp = section('How nodes agree on who has the addresses: VRRP, RFC 9568.', {
  id: integer(
    1,
    255,
    'Virtual router id: the same on all nodes, used by no other group on the link.',
  ),
  version: integer(2, 3, 'Version: 3, or 2 (RFC 3768) for peers that know no other.').prefault(3),
  priority: integer(
    1,
    255,
    'The higher one is active when several begin; 255 says that the address belongs to this node.',
  ).prefault(100),
  interval: duration('Time between advertisements.', 10, INTERVAL_MAX_MS).prefault('20ms'),
  misses: integer(
    1,
    100,
    'Advertisements missed in a row until the active node is held dead.',
  ).prefault(8),
  peers: z
    .array(sourceAddress('Address of another node.'))
    .prefault([])
    .meta({ description: 'Addresses of the other nodes: unicast. Left out: multicast.' }),
  source: sourceAddress(
    'Address that advertisements come from; the first of the interface.',
  ).optional(),
  preempt: flag(
    'Whether a node of higher priority takes the addresses from one that is well.',
  ).prefault(false),
  preemptDelay: duration('How long such a node waits before.', 0).prefault('0s'),
  checksum: word(
    ['compat', 'rfc9568'],
    'Checksum of version 3 over IPv4: compat as keepalived and FRR make it, or as RFC 9568 has it. Both are understood.',
  ).prefault('compat'),
  virtualMac: flag(
    'Whether the addresses keep one Ethernet address, 00:00:5e:00:01:ID (IPv6: 00:00:5e:00:02:ID), on whichever node they are.',
  ).prefault(false),
  auth: auth.optional(),
  second: secondPath.optional(),
});

const route = section('A route that comes and goes with the addresses.', {
  to: routeTarget('Where to: a network, or default.'),
  via: sourceAddress('The gateway.').optional(),
  source: sourceAddress('Source address of what this node sends there.').optional(),
  table: integer(0, 0xffffffff, 'Routing table; 0 is the main one.').prefault(0),
  metric: integer(0, 0xffffffff, 'Metric; 0 leaves it to the kernel.').prefault(0),
});

/** Keys of a tracker, one of which says what it looks at. */
export const TRACK_KINDS = ['interface', 'gateway', 'script', 'file', 'pool'] as const;

const track = section('Something that lowers the priority, or gives the addresses up.', {
  interface: interfaceName('An interface that must be up.').optional(),
  gateway: sourceAddress('A host on the link that must answer ARP.').optional(),
  script: list(
    'A program that must exit with 0, and its arguments.',
    text('The program (an absolute path), or an argument.', 4_096),
  ).optional(),
  file: filePath('A file that must be there, and not hold a mere 0.').optional(),
  pool: keyName('A pool that must have servers that are up.').optional(),
  minUp: integer(1, 100_000, 'With pool: how many.').prefault(1),
  weight: integer(
    0,
    253,
    'What is taken off the priority while it fails; 0 gives the addresses up.',
  ).prefault(0),
  every: duration('With script or gateway: time between two tries.', 10).prefault('1s'),
  timeout: duration('With script or gateway: time for each.', 10).prefault('1s'),
  rise: integer(
    1,
    100,
    'With script or gateway: good results in a row until it counts as well again.',
  ).prefault(2),
  fall: integer(
    1,
    100,
    'With script or gateway: bad results in a row until it counts as failed.',
  ).prefault(2),
});

/** A tracker with its defaults filled in. */
export type TrackConfig = z.output<typeof track>;

const health = optionalSection('Whether listeners at the addresses answer, seen by the guardian.', {
  connect: flag('Whether it connects to them itself.').prefault(true),
  every: duration('Time between two connections to each.', 50).prefault('1s'),
  timeout: duration('Time for each.', 10).prefault('250ms'),
  rise: integer(1, 100, 'Good ones in a row until it counts as well again.').prefault(2),
  fall: integer(1, 100, 'Bad ones in a row until it counts as failed.').prefault(2),
});

/** Schema of one entry of `addresses`. */
export const floatingSchema = section('Addresses that stand on one of several nodes at a time.', {
  ips: list('The addresses, with the length of their network.', floatingIp('An address.')),
  unadvertised: z.array(floatingIp('An address.')).prefault([]).meta({
    description: 'Further ones that are not told to other nodes, so that more than 255 fit.',
  }),
  scope: word(['global', 'link', 'host'], 'Scope of the addresses in the kernel.').prefault(
    'global',
  ),
  interface: interfaceName('The interface that they stand on.'),
  routes: z
    .array(route)
    .prefault([])
    .meta({ description: 'Routes that come and go with the addresses.' }),
  vrrp,
  group: keyName('Entries of one group always stand on one node; left out: alone.').optional(),
  lease: duration(
    'Lifetime of an address in the kernel, renewed all the time, in whole seconds: so long it stays when the guardian is gone. 0s: for ever.',
    0,
    3_600_000,
  ).prefault('2s'),
  witnesses: z.array(sourceAddress('Address of a host on the link.')).prefault([]).meta({
    description: 'Hosts of which one must answer before this node claims; left out: the gateway.',
  }),
  track: z.array(track).prefault([]).meta({ description: 'What else decides about the priority.' }),
  health,
});

/** An entry of `addresses` with its defaults filled in. */
export type FloatingConfig = z.output<typeof floatingSchema>;
