/** The configuration of the demo: what a person would write by hand. */

export type DemoPlaces = {
  /** `127.0.0.1:8080`. */
  readonly web: string;
  readonly admin: string;
  readonly servers: readonly { readonly name: string; readonly address: string }[];
  /** Path of the access log. */
  readonly accessLog: string;
};

/** The text of the demo's ballast.yaml. */
export function demoConfig({ web, admin, servers, accessLog }: DemoPlaces): string {
  const lines = servers.map(
    ({ name, address }) => `      - { name: ${name}, address: ${address} }`,
  );
  return `# The demo's configuration: three sample servers behind one listener.
admin: ${admin}
workers: 2
drain: 1s
log: { access: ${accessLog} }

listeners:
  web:
    bind: ${web}
    routes:
      - name: status               # lets the page show what "ballast status" shows
        paths: [/status]
        methods: [GET]
        pool: admin
      - name: site
        pool: web

pools:
  web:
    servers:
${lines.join('\n')}
    check: { http: { path: /healthz, status: 200 }, every: 500ms, timeout: 300ms, rise: 2, fall: 2 }
  admin:
    servers: [${admin}]
`;
}
