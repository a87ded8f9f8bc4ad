import type { Plan } from '../config/plan.ts';
import { bindText } from '../sys/sockets.ts';

/**
 * The line that says that every listener accepts:
 * `ready http://127.0.0.1:8080 unix:/run/web.sock (2 workers, admin http://127.0.0.1:9900)`.
 */
export function readyLine(plan: Plan, admin: string | null): string {
  const addresses = plan.listeners.flatMap(({ binds, protocol }) =>
    binds.map((bind) =>
      bind.family === 'unix' ? bindText(bind) : `${protocol}://${bindText(bind)}`,
    ),
  );
  const count = plan.workers === 1 ? '1 worker' : `${plan.workers} workers`;
  return `ready ${addresses.join(' ')} (${count}, admin ${admin ?? 'off'})\n`;
}
