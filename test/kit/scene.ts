/** The usual set-up of a black-box test: one server, Ballast before it. */
import { Ballast } from './ballast.ts';
import type { BallastOptions } from './ballast.ts';
import { connectTo } from './byte-stream.ts';
import type { ByteStream } from './byte-stream.ts';
import { simpleConfig } from './config.ts';
import type { Tree } from './config.ts';
import { freePort } from './free-ports.ts';
import type { Message, MessageKind } from './http-message.ts';
import { httpAnswer, Origin } from './origin.ts';
import type { ConnectionScript, Responder } from './origin.ts';

export type SceneOptions = BallastOptions & {
  /** What the server answers; `ok` where absent. */
  readonly respond?: Responder;
  /** What the server does with each connection, in place of `respond`. */
  readonly script?: ConnectionScript;
  readonly listener?: Tree;
  readonly pool?: Tree;
  readonly top?: Tree;
};

export class Scene implements AsyncDisposable {
  readonly origin: Origin;
  readonly ballast: Ballast;
  readonly port: number;

  constructor(origin: Origin, ballast: Ballast, port: number) {
    this.origin = origin;
    this.ballast = ballast;
    this.port = port;
  }

  connect(): Promise<ByteStream> {
    return connectTo(this.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ballast[Symbol.asyncDispose]();
    await this.origin.stop();
  }
}

/** Starts a server and Ballast before it. */
export async function startScene(options: SceneOptions = {}): Promise<Scene> {
  const { script, respond = () => httpAnswer(200, 'ok') } = options;
  const origin =
    script === undefined ? await Origin.startHttp(respond) : await Origin.start(script);
  const port = await freePort();
  const { listener, pool, top } = options;
  const config = simpleConfig({
    port,
    servers: [origin.address],
    ...(listener === undefined ? {} : { listener }),
    ...(pool === undefined ? {} : { pool }),
    ...(top === undefined ? {} : { top }),
  });
  try {
    return new Scene(origin, await Ballast.start(config, options), port);
  } catch (error) {
    await origin.stop();
    throw error;
  }
}

/** Sends bytes on a new connection, reads one answer and closes. */
export async function ask(
  port: number,
  bytes: string,
  kind: MessageKind = 'response',
): Promise<Message> {
  const client = await connectTo(port);
  try {
    void client.write(bytes);
    return await client.readMessage(kind);
  } finally {
    client.destroy();
  }
}

/** Bytes of a GET of HTTP/1.1; `fields` are whole lines. */
export function getBytes(target: string, ...fields: string[]): string {
  const hasHost = fields.some((line) => /^host:/i.test(line));
  const lines = [`GET ${target} HTTP/1.1`, ...(hasHost ? [] : ['Host: a']), ...fields];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** Bytes of a POST with a Content-Length. */
export function postBytes(target: string, body: string, ...fields: string[]): string {
  const lines = [`POST ${target} HTTP/1.1`, 'Host: a', ...fields];
  return `${lines.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}
