import type { ConfigPath } from '../diagnostic.ts';
import type { BindPlan } from '../plan.ts';
import { addressText } from '../schema/address.ts';
import { adminBind } from '../schema/admin.ts';
import type { RuleContext } from './rule.ts';

const ANY_HOST = { ipv4: '0.0.0.0', ipv6: '::', unix: '' } as const;

/** Whether the kernel would refuse the second of two listening addresses. */
function overlaps(a: BindPlan, b: BindPlan): boolean {
  if (a.family !== b.family || a.port !== b.port) return false;
  if (a.family === 'unix') return a.host === b.host;
  if (a.port === 0) return false;
  const any = ANY_HOST[a.family];
  return a.host === b.host || a.host === any || b.host === any;
}

type BindUser = { readonly name: string; readonly transport: 'tcp' | 'udp' };

/** No two listening addresses of the file exclude each other; tcp and udp have their own ports. */
export function checkBinds({ config, report, isWhole }: RuleContext): void {
  const seen = new Map<string, { readonly bind: BindPlan; readonly name: string }[]>();
  const add = (bind: BindPlan, user: BindUser, path: ConfigPath): void => {
    const { name, transport } = user;
    const place = `${transport}:${bind.family}:${bind.port}`;
    const others = seen.get(place) ?? [];
    const other = others.find((candidate) => overlaps(candidate.bind, bind));
    others.push({ bind, name });
    seen.set(place, others);
    if (other === undefined) return;
    const taken = `${other.name} listens on ${addressText(other.bind)}`;
    const message = `${addressText(bind)} is taken already: ${taken}`;
    report({
      code: 'BAL_CONFIG_DUPLICATE_BIND',
      message,
      hint: 'each address has one listener; several hosts are several routes of it',
      path,
    });
  };
  const admin = adminBind(config.admin);
  if (admin !== null && isWhole(['admin'])) {
    add(admin, { name: 'admin', transport: 'tcp' }, ['admin']);
  }
  for (const [name, listener] of Object.entries(config.listeners)) {
    const transport = listener.protocol === 'udp' ? 'udp' : 'tcp';
    const user = { name: `listener ${name}`, transport } as const;
    for (const [i, bind] of listener.bind.entries()) {
      add(bind, user, ['listeners', name, 'bind', i]);
    }
  }
}
