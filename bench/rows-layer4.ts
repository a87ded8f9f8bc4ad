/** The rows for TCP and UDP, in the order in which they are printed. */
import { variant } from './row.ts';
import type { Row, Target, TcpLoad, UdpLoad } from './row.ts';

const ballast = variant('ballast');
const haproxy = variant('haproxy');
const nginx = variant('nginx');

const SPLICE = variant('haproxy', {
  id: 'haproxy-splice',
  title: 'haproxy, splice-auto',
  splice: true,
});

const exchange: TcpLoad = { kind: 'tcp', mode: 'exchange', connections: 64 };
const sessions: UdpLoad = { kind: 'udp', ports: 64, outstanding: 64, perPacket: false };

const overHaproxy: Target = { limit: 1, of: 'ballast', to: 'haproxy' };
const overNginx: Target = { limit: 0.8, of: 'ballast', to: 'nginx' };
/** Nine tenths of its bytes in the same time, with splice(2) and without. */
const bulk: Target = { limit: 1 / 0.9, of: 'ballast', to: 'haproxy', alsoTo: 'haproxy-splice' };

const tcp = {
  measure: 'cpu',
  logs: false,
  variants: [ballast, haproxy, nginx],
  note: '',
} as const;

const udp = {
  measure: 'cpu',
  unit: 'µs / exchange',
  logs: false,
  variants: [ballast, nginx],
  target: overNginx,
  note: '',
} as const;

export const LAYER4_ROWS: readonly Row[] = [
  {
    ...tcp,
    id: 'tcp-messages',
    title: 'TCP, 64 bytes and their echo on open connections',
    unit: 'µs / exchange',
    load: exchange,
    target: overHaproxy,
    note: 'An exchange is a message to the server and its echo to the client.',
  },
  {
    ...tcp,
    id: 'tcp-down',
    title: 'TCP, bulk from the servers, 16 connections',
    unit: 'µs / MiB',
    load: { ...exchange, mode: 'down', connections: 16 },
    variants: [ballast, haproxy, SPLICE, nginx],
    target: bulk,
    note: 'The limit is nine tenths of the bytes that HAProxy moves in the same processor time, with its option splice-auto and without.',
  },
  {
    ...tcp,
    id: 'tcp-up',
    title: 'TCP, bulk to the servers, 16 connections',
    unit: 'µs / MiB',
    load: { ...exchange, mode: 'up', connections: 16 },
    variants: [ballast, haproxy, SPLICE, nginx],
    target: bulk,
  },
  {
    ...tcp,
    id: 'tcp-connections',
    title: 'TCP, a new connection for each 64 bytes and their echo',
    unit: 'µs / connection',
    load: { ...exchange, mode: 'connect' },
    target: overHaproxy,
    note: 'The client ends each connection with a FIN and waits until the FIN of the server has come through.',
  },
  {
    ...udp,
    id: 'udp-sessions',
    title: 'UDP, 64 bytes and their echo, sessions of 64 clients',
    load: sessions,
    note: 'An exchange is a datagram to the server and its answer to the client.',
  },
  {
    ...udp,
    id: 'udp-clients',
    title: 'the same from 4,000 clients in turn',
    load: { ...sessions, ports: 4_000 },
  },
  {
    ...udp,
    id: 'udp-packets',
    title: 'the same, each datagram on its own',
    load: { ...sessions, ports: 4_000, perPacket: true },
    note: 'NGINX with proxy_responses 1, Ballast with perPacket, as for DNS.',
  },
];
