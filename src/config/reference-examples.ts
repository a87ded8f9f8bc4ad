/** A complete configuration file on the reference page. A test loads each of them. */
export type ReferenceExample = { readonly title: string; readonly yaml: string };

const SHOP = `admin: 127.0.0.1:9900

listeners:
  web:
    bind: 0.0.0.0:8080
    routes:
      - hosts: [shop.example.com, "*.shop.example.com"]
        paths: [/api/*]
        pool: api
      - pool: web

pools:
  web:
    servers:
      - 10.0.0.11:8080
      - { address: 10.0.0.12:8080, weight: 2, name: big }
    check: { http: { path: /healthz }, every: 1s, timeout: 500ms, rise: 2, fall: 2 }
  api:
    balance: random-of-two
    servers: [10.0.0.21:8080, 10.0.0.22:8080]
    check: { tcp: {} }
`;

const HTTPS = `certificates:
  shop: { cert: shop.pem, key: shop.key }
  customers: { folder: customer-certs }

listeners:
  web:
    bind: [0.0.0.0:443, "[::]:443"]
    tls: [shop, customers]
    hsts: 180d
    pool: web
  plain:
    bind: [0.0.0.0:80, "[::]:80"]
    redirectToHttps: true

pools:
  web:
    servers: [web-1.example.com:8443, web-2.example.com:8443]
    tls: { ca: ca.pem }
    check: { http: { path: /healthz } }
`;

const CANARY = `listeners:
  web:
    bind: [0.0.0.0:8080, "[::]:8080"]
    trust: [10.0.0.0/8]
    forwarded: { requestId: pass, via: ballast }
    routes:
      - name: tester
        headers: { x-canary: "yes" }
        pool: next
      - name: canary
        paths: [/checkout/*]
        pools:
          - { pool: current, weight: 95 }
          - { pool: next, weight: 5 }
      - name: everyone
        pool: current

pools:
  current: { servers: [10.0.0.11:8080, 10.0.0.12:8080] }
  next: { servers: [10.0.0.31:8080] }
`;

const REWRITE = `listeners:
  web:
    bind: 0.0.0.0:8080
    routes:
      - hosts: [old.example.com]
        redirect: { status: 308, host: new.example.com }
      - paths: [/robots.txt]
        respond: { status: 200, body: "User-agent: *" }
      - paths: [/v1/*]
        rewrite:
          host: api.internal
          prefix: /
          request: { remove: [Cookie], set: { X-Api-Version: "1" } }
          response: { remove: [Server], add: { Cache-Control: no-store } }
        timeouts: { firstByte: 5s }
        pool: api

pools:
  api: { servers: [10.0.0.21:8080] }
`;

const PROTECT = `listeners:
  web:
    bind: 0.0.0.0:8080
    maxBody: 10MiB
    timeouts: { head: 5s, bodyIdle: 10s, bodyMinRate: 1kB }
    pool: legacy

pools:
  legacy:
    maxConnections: 50
    servers:
      - 10.0.0.11:8080
      - { address: 10.0.0.12:8080, maxConnections: 100, weight: 2 }
    queue: { size: 200, timeout: 2s }
    retry: { attempts: 1, statuses: [503], budget: 10% }
    check:
      http: { path: /ready, status: [200, 204], body: "~^ok" }
      every: 2s
      downEvery: 500ms
`;

const DATABASES = `state: /var/lib/ballast

listeners:
  writes: { bind: 10.0.0.100:5432, protocol: tcp, pool: primary }
  reads: { bind: 10.0.0.100:5433, protocol: tcp, pool: replicas }

pools:
  primary:                          # clients are cut off a primary that fails
    servers: &databases [10.0.0.21:5432, 10.0.0.22:5432]
    check: { postgres: { user: monitor, passwordEnv: PG_PASSWORD, role: primary }, every: 500ms }
  replicas:
    balance: least-connections
    servers: *databases
    check: { postgres: { user: monitor, passwordEnv: PG_PASSWORD, role: replica, maxLag: 5s } }
    slowStart: 30s
`;

const TLS_NAMES = `listeners:
  tls:
    bind: 0.0.0.0:443
    protocol: tcp
    proxyProtocol: { from: [10.0.0.0/8] }
    routes:
      - { sni: [db.example.com, "*.db.example.com"], alpn: [postgresql], pool: databases }
      - { sni: shop.example.com, pool: shop }
      - { pool: shop }

pools:
  databases: { servers: ["srv:_postgresql._tcp.example.com"], check: { tcp: { tls: true } } }
  shop:
    balance: { algorithm: source-hash, boundedLoad: 125% }
    servers:
      - shop.example.internal:443
      - { address: 10.0.0.9:443, backup: true }
    proxyProtocol: v2
    passive: { failures: 3, on: [connect, reset] }
`;

const DATAGRAMS = `listeners:
  dns: { bind: 10.0.0.100:53, protocol: udp, perPacket: true, pool: dns }
  dns-tcp: { bind: 10.0.0.100:53, protocol: tcp, pool: dns }
  sip: { bind: 10.0.0.100:5060, protocol: udp, timeouts: { idle: 5m }, pool: sip }

pools:
  dns:
    servers: [10.0.0.41:53, 10.0.0.42:53]
    check: { dns: { name: example.com }, every: 1s }
  sip:
    balance: source-hash
    servers: [10.0.0.51:5060, 10.0.0.52:5060]
    check: { sip: {} }
`;

/** Examples in the order of the page. */
export const REFERENCE_EXAMPLES: readonly ReferenceExample[] = [
  { title: 'Two pools, by host and path', yaml: SHOP },
  { title: 'HTTPS, and TLS to the servers', yaml: HTTPS },
  { title: 'A canary, by header and by share', yaml: CANARY },
  { title: 'Redirects, answers and rewriting', yaml: REWRITE },
  { title: 'Protecting servers that can do little at once', yaml: PROTECT },
  { title: 'PostgreSQL: writes to the primary, reads from replicas', yaml: DATABASES },
  { title: 'TLS passed on by name, servers by name', yaml: TLS_NAMES },
  { title: 'DNS and SIP', yaml: DATAGRAMS },
];
