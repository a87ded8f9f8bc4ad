import type { BindPlan } from '../../config/plan.ts';

/** Address and port as in a URI: IPv6 in brackets. */
export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The same for an address of a plan; a unix socket is `localhost`. */
export function authorityOf(address: BindPlan): string {
  return address.family === 'unix' ? 'localhost' : hostPort(address.host, address.port);
}
