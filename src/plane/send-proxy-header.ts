export function sendProxyHeader(...a: unknown[]): boolean {
  void a;
  throw new Error('x');
}
