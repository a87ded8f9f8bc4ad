import { BALLAST_KERNEL, BALLAST_PROXY } from './ballast.ts';
import type { Contender } from './contender.ts';
import { asPeopleRunIt, TUNED, withKeepalived } from './keepalived.ts';
import { HAPROXY, NGINX } from './proxies.ts';

/** All contenders, in the order of the tables. */
export const CONTENDERS: readonly Contender[] = [
  BALLAST_PROXY,
  BALLAST_KERNEL,
  withKeepalived({ name: 'haproxy-tuned', title: 'HAProxy + Keepalived, tuned' }, HAPROXY, TUNED),
  withKeepalived(
    { name: 'haproxy', title: 'HAProxy + Keepalived, as people run it' },
    HAPROXY,
    asPeopleRunIt('haproxy'),
  ),
  withKeepalived({ name: 'nginx-tuned', title: 'NGINX + Keepalived, tuned' }, NGINX, TUNED),
];
