/** What bad servers do, for the tests of every kind of probe over a stream. */
import type { Socket } from 'node:net';

/** What a connection of a `TestServer` does. */
export type Behaviour = (socket: Socket) => void;

/** Sends `head`, then the same again and again, as fast as it is read. */
export function endless(head: string | Buffer, again: string | Buffer): Behaviour {
  return (socket) => {
    socket.write(head, 'latin1');
    const more = (): void => {
      while (!socket.destroyed && socket.write(again, 'latin1'));
    };
    socket.on('drain', more);
    socket.resume();
    more();
  };
}

/** Sends `head`, then one byte more each few milliseconds. */
export function drip(head: string | Buffer, everyMs: number): Behaviour {
  return (socket) => {
    socket.write(head, 'latin1');
    const timer = setInterval(() => socket.write('A'), everyMs);
    socket.on('close', () => clearInterval(timer));
    socket.resume();
  };
}

/** Closes without a word. */
export function closing(socket: Socket): void {
  socket.resume().end();
}

/** Resets the connection without a word. */
export function resetting(socket: Socket): void {
  socket.resetAndDestroy();
}

/** Sends `greeting` at once, and for each piece that comes in what `answer` says; "" is nothing. */
export function talking(
  greeting: string | Buffer,
  answer: (said: string) => string | Buffer,
): Behaviour {
  return (socket) => {
    if (greeting.length > 0) socket.write(greeting, 'latin1');
    socket.on('data', (chunk) => {
      const text = answer(chunk.toString('latin1'));
      if (text.length > 0) socket.write(text, 'latin1');
    });
    socket.on('end', () => socket.end());
  };
}

/** The same behaviour, but each byte of what it writes goes out on its own. */
export function byteByByte(behave: Behaviour): Behaviour {
  return (socket) => {
    socket.setNoDelay(true);
    const [write, end] = [socket.write.bind(socket), socket.end.bind(socket)];
    const queue: number[] = [];
    let isEnding = false;
    let isBusy = false;
    const next = (): void => {
      if (isBusy || socket.destroyed) return;
      const byte = queue.shift();
      if (byte === undefined) {
        if (isEnding) end();
        return;
      }
      isBusy = true;
      write(Buffer.of(byte), () => {
        isBusy = false;
        setImmediate(next);
      });
    };
    const add = (bytes: unknown): void => {
      if (typeof bytes === 'string') queue.push(...Buffer.from(bytes, 'latin1'));
      else if (bytes instanceof Uint8Array) queue.push(...bytes);
      next();
    };
    socket.write = (bytes: unknown) => {
      add(bytes);
      return true;
    };
    socket.end = (bytes?: unknown) => {
      isEnding = true;
      add(bytes);
      return socket;
    };
    behave(socket);
  };
}
