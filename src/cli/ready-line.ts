import type { ListenerPlan, Plan } from '../config/plan.ts';
import { bindText } from '../sys/sockets.ts';

/**
 * The line that says that every listener accepts:
 * `ready http://127.0.0.1:8080 unix:/run/web.sock (2 workers, admin http://127.0.0.1:9900)`.
 */
export function readyLine(plan: Plan, admin: string | null): string {
  const addresses = plan.listeners.flatMap((listener) =>
    listener.binds.map((bind) =>
      bind.family === 'unix' ? bindText(bind) : `${schemeOf(listener)}://${bindText(bind)}`,
    ),
  );
  const count = plan.workers === 1 ? '1 worker' : `${plan.workers} workers`;
  return `ready ${addresses.join(' ')} (${count}, admin ${admin ?? 'off'})\n`;
}

function schemeOf(listener: ListenerPlan): string {
  if (listener.protocol === 'udp' || listener.tls === null) return listener.protocol;
  return listener.protocol === 'http' ? 'https' : 'tls';
}
