/** Clients of TLS: Node's own, byte for byte within, and openssl's for what that cannot do. */
import { spawn } from 'node:child_process';
import { connect } from 'node:tls';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { ByteStream } from './byte-stream.ts';
import { endWithUs } from './processes.ts';
import { within } from './wait.ts';

export type TlsClient = { readonly stream: ByteStream; readonly socket: TLSSocket };

/** Connects and finishes the handshake; rejects with the error that ended it. */
export function connectTls(port: number, options: ConnectionOptions = {}): Promise<TlsClient> {
  return within(
    new Promise<TlsClient>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, ...options });
      const fail = (error: Error): void => reject(error);
      socket.once('error', fail);
      socket.once('secureConnect', () => {
        socket.removeListener('error', fail);
        resolve({ stream: new ByteStream(socket), socket });
      });
    }),
    'the handshake',
    30_000,
  );
}

/** The code of the error that ends a handshake. */
export async function handshakeError(port: number, options: ConnectionOptions): Promise<string> {
  try {
    const { stream } = await connectTls(port, options);
    stream.destroy();
    return 'none';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

/** What `openssl s_client` prints for an input; it ends with the server, or after the input. */
export async function opensslClient(
  port: number,
  args: readonly string[],
  input = '',
): Promise<string> {
  const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...args]);
  endWithUs(child);
  let text = '';
  const take = (chunk: Buffer): void => void (text += chunk.toString('latin1'));
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await within(ended, 'openssl s_client', 30_000);
  return text;
}
