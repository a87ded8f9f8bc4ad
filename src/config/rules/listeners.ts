import type { ConfigPath } from '../diagnostic.ts';
import type { TcpListenerConfig } from '../schema/listener-tcp.ts';
import { durationText } from '../schema/units.ts';
import type { RuleContext } from './rule.ts';

function warn(path: ConfigPath, message: string, hint: string, context: RuleContext): void {
  const finding = { code: 'BAL_CONFIG_NO_EFFECT', message, hint, path, at: 'key' } as const;
  context.report({ severity: 'warning', ...finding });
}

function checkTcpTimes(listener: TcpListenerConfig, path: ConfigPath, context: RuleContext): void {
  const { halfClosed, idle } = listener.timeouts;
  if (halfClosed === undefined || halfClosed <= idle || !context.isWhole(path)) return;
  const message = `halfClosed is never reached: after ${durationText(idle)}, idle ends the connection`;
  warn([...path, 'halfClosed'], message, 'make it less than idle, or raise idle', context);
}

/** The time limits of listeners fit each other. */
export function checkListeners(context: RuleContext): void {
  for (const [name, listener] of Object.entries(context.config.listeners)) {
    const path: ConfigPath = ['listeners', name, 'timeouts'];
    if (listener.protocol === 'tcp') checkTcpTimes(listener, path, context);
    const answer = [...path, 'answer'];
    if (listener.protocol !== 'udp' || listener.perPacket || !context.isGiven(answer)) continue;
    if (!context.isWhole(['listeners', name, 'perPacket'])) continue;
    const hint = 'remove it, or give the listener perPacket: true';
    warn(answer, 'answer counts only for single datagrams', hint, context);
  }
}
