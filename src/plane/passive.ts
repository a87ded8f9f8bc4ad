import type { ServerRuntime } from './runtime.ts';
export function noteFailure(
  server: ServerRuntime,
  kind: 'connect' | 'gateway-error' | 'reset',
): void {
  void server;
  void kind;
}
export function noteSuccess(server: ServerRuntime): void {
  void server;
}
