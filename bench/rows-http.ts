/** The rows for HTTP, in the order in which they are printed. */
import type { Program } from './contenders/contender.ts';
import { variant } from './row.ts';
import type { HttpLoad, Row, Target, Variant } from './row.ts';

const keepAlive: HttpLoad = {
  kind: 'http',
  mode: 'closed',
  connections: 64,
  path: '/small',
  expect: 52,
  uploadBytes: 0,
  browser: false,
};

const ballast = variant('ballast');
const haproxy = variant('haproxy');
const nginx = variant('nginx');
const floor = variant('floor');
const overHaproxy = (limit: number): Target => ({ limit, of: 'ballast', to: 'haproxy' });

const REUSE_ALWAYS = variant('haproxy', {
  id: 'haproxy-reuse',
  title: 'haproxy, http-reuse always',
  reuseAlways: true,
});

const AS_IT_COMES = variant('ballast', {
  id: 'ballast-defaults',
  title: 'ballast, all default fields',
  asItComes: true,
});

const withRoutes = (program: Program, routes: number): Variant =>
  variant(program, {
    id: `${program}-${routes}`,
    title: `${program}, ${routes.toLocaleString('en')} routes`,
    routes,
  });

/** Defaults of a row: processor time per request of keep-alive connections, three balancers. */
const common = {
  measure: 'cpu',
  unit: 'µs / request',
  logs: false,
  load: keepAlive,
  variants: [ballast, haproxy, nginx],
  note: '',
} as const;

export const HTTP_ROWS: readonly Row[] = [
  {
    ...common,
    id: 'logged',
    title: 'keep-alive, small answers; checks, metrics and access log on',
    logs: true,
    target: overHaproxy(0.85),
    note: 'HAProxy logs each request to a unix datagram socket with a reader, NGINX and Ballast to a file. Metrics are scraped once in each sample. NGINX has no active checks.',
  },
  {
    ...common,
    id: 'floor',
    title: 'the same without logs, against the C floor',
    variants: [floor, ballast, AS_IT_COMES, haproxy, nginx],
    target: { limit: 1.3, of: 'ballast', to: 'floor' },
    note: 'With all default fields Ballast also sends X-Forwarded-Proto and X-Forwarded-Host.',
  },
  {
    ...common,
    id: 'browser',
    title: 'the same without logs, heads of a browser (about 600 bytes)',
    load: { ...keepAlive, browser: true },
    target: null,
  },
  {
    ...common,
    id: 'answers-64k',
    title: '64 KiB answers',
    load: { ...keepAlive, path: '/64k', expect: 65_536 },
    target: overHaproxy(1),
  },
  {
    ...common,
    id: 'uploads-1m',
    title: '1 MiB uploads, 16 connections',
    unit: 'µs / MiB',
    load: { ...keepAlive, connections: 16, path: '/upload', uploadBytes: 1 << 20 },
    target: overHaproxy(1),
  },
  {
    ...common,
    id: 'chunked',
    title: 'chunked answers, 64 KiB in 16 chunks',
    load: { ...keepAlive, path: '/chunked', expect: 65_536 },
    target: overHaproxy(1),
  },
  {
    ...common,
    id: 'connections',
    title: 'a new connection per request',
    load: { ...keepAlive, mode: 'close' },
    variants: [ballast, haproxy, REUSE_ALWAYS, nginx],
    target: overHaproxy(1),
    note: "With its default, http-reuse safe, HAProxy opens a connection to a server for the first request of each client's connection, which here is every request; with http-reuse always it reuses idle ones as Ballast and NGINX do.",
  },
  {
    ...common,
    id: 'routes',
    title: '10,000 routes instead of 10',
    variants: [
      withRoutes('ballast', 10),
      withRoutes('ballast', 10_000),
      withRoutes('haproxy', 10),
      withRoutes('haproxy', 10_000),
    ],
    target: { limit: 1.05, of: 'ballast-10000', to: 'ballast-10' },
    note: 'Requests are spread over all the routes. HAProxy finds the backend with a map (map_beg on host and path).',
  },
  {
    ...common,
    id: 'latency',
    title: "p99 latency at half of HAProxy's saturation",
    measure: 'p99',
    unit: 'µs (p99)',
    load: { ...keepAlive, mode: 'open' },
    target: overHaproxy(1.2),
    note: 'Requests are due at a constant rate, and the time of each begins when it was due.',
  },
  {
    ...common,
    id: 'memory',
    title: 'memory per idle client connection, 5,000 of them',
    measure: 'memory',
    unit: 'bytes / connection',
    load: { ...keepAlive, mode: 'idle', connections: 5_000 },
    target: overHaproxy(1),
    note: "Growth of the proportional set size of all the balancer's processes; each connection has had one request, and the balancer was at work for others before both readings. What the kernel holds for a socket is the same for all and not counted.",
  },
];
