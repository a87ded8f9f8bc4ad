import type { TcpSession } from './session.ts';
export function beginHello(s: TcpSession): void {
  void s;
  throw new Error('x');
}
export function readHello(s: TcpSession): void {
  void s;
  throw new Error('x');
}
