/** The rows for HTTPS, in the order in which they are printed. */
import { variant } from './row.ts';
import type { HttpsLoad, Row, Target } from './row.ts';

const keep: HttpsLoad = {
  kind: 'https',
  mode: 'keep',
  connections: 64,
  path: '/small',
  expect: 52,
};

/** Else it would open a connection to a server for each handshake, which is not what is compared. */
const haproxy = variant('haproxy', { reuseAlways: true });
const overHaproxy = (limit: number): Target => ({ limit, of: 'ballast', to: 'haproxy' });

const common = {
  measure: 'cpu',
  unit: 'µs / request',
  logs: false,
  load: keep,
  variants: [variant('ballast'), haproxy, variant('nginx')],
  note: '',
} as const;

export const HTTPS_ROWS: readonly Row[] = [
  {
    ...common,
    id: 'tls-requests',
    title: 'TLS 1.3, requests on open connections, small answers',
    target: overHaproxy(0.95),
    note: 'In all rows over TLS: TLS_AES_128_GCM_SHA256, X25519, a certificate with P-256, HAProxy with http-reuse always, servers in the clear.',
  },
  {
    ...common,
    id: 'tls-64k',
    title: 'TLS 1.3, 64 KiB answers',
    load: { ...keep, path: '/64k', expect: 65_536 },
    target: null,
  },
  {
    ...common,
    id: 'tls-full',
    title: 'TLS 1.3, a full handshake for each request',
    unit: 'µs / handshake',
    load: { ...keep, mode: 'full' },
    target: overHaproxy(1.05),
    note: 'Each with its connection, one request, its answer and the end of the connection. HAProxy and NGINX give two tickets after a full handshake, Ballast gives one.',
  },
  {
    ...common,
    id: 'tls-resumed',
    title: 'TLS 1.3, a resumed handshake for each request',
    unit: 'µs / handshake',
    load: { ...keep, mode: 'resume' },
    target: overHaproxy(1.1),
    note: 'With the ticket of the connection before it, and a new exchange of keys.',
  },
  {
    ...common,
    id: 'tls-memory',
    title: 'TLS 1.3, memory per idle client connection, 5,000 of them',
    measure: 'memory',
    unit: 'bytes / connection',
    load: { ...keep, mode: 'idle', connections: 5_000 },
    target: overHaproxy(1),
  },
];
