import { connect } from 'node:http2';
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  IncomingHttpHeaders,
  IncomingHttpStatusHeader,
} from 'node:http2';
import { Duplex } from 'node:stream';
import { assert } from '../../base/errors.ts';
import {
  GRPC_ANSWER_BYTES_MAX,
  readHealthAnswer,
  writeHealthRequest,
} from '../../codec/grpc-health.ts';
import type { GrpcProbePlan } from '../../config/plan-check.ts';
import type { BindPlan } from '../../config/plan.ts';
import { verdictOfAnswer, verdictOfStatus } from './grpc-answers.ts';
import { ProbeRun } from './probe-run.ts';
import { ProbeSocket } from './probe-socket.ts';
import type { ProbeReader, ProbeTalk } from './probe-socket.ts';
import type { CancelProbe, ProbeResult, ProbeTarget } from './probe.ts';

/** Bytes that a check reads in all, frames of HTTP/2 counted in. */
export const GRPC_BYTES_MAX = 64 * 1024;

const LIMITS = {
  maxHeaderListPairs: 64,
  /** In MB, the least that Node takes. */
  maxSessionMemory: 1,
  maxReservedRemoteStreams: 0,
  settings: { enablePush: false, maxHeaderListSize: 16 * 1024 },
};

/**
 * Calls grpc.health.v1.Health/Check over HTTP/2, in clear text or under TLS with ALPN h2, and passes
 * when the service is SERVING. Called once per probe of a `grpc` check.
 */
export function grpcProbe(target: ProbeTarget, done: (result: ProbeResult) => void): CancelProbe {
  const plan = target.probe;
  assert(plan.kind === 'grpc', 'grpcProbe is given grpc checks only');
  const run = new ProbeRun(target, done);
  const tls = plan.tls === null ? null : { plan: plan.tls, isLater: false, alpn: ['h2'] };
  void new ProbeSocket(run, tls, new GrpcTalk(plan));
  return () => run.cancel();
}

/** What Node's HTTP/2 reads and writes, with a limit on the bytes that it is given. */
class Pipe extends Duplex {
  readonly #probe: ProbeSocket;
  #bytes = 0;

  constructor(probe: ProbeSocket) {
    super();
    this.#probe = probe;
  }

  feed(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes <= GRPC_BYTES_MAX) this.push(chunk);
    else this.#probe.run.finish('too-large', `the server sent more than ${GRPC_BYTES_MAX} bytes`);
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, then: () => void): void {
    if (!this.#probe.run.isOver) this.#probe.write(chunk);
    then();
  }
}

class GrpcTalk implements ProbeTalk, ProbeReader {
  readonly reader = this;
  readonly #plan: GrpcProbePlan;
  #pipe: Pipe | null = null;

  constructor(plan: GrpcProbePlan) {
    this.#plan = plan;
  }

  connected(probe: ProbeSocket): void {
    const { run } = probe;
    if (this.#plan.tls !== null && probe.alpn !== 'h2') {
      run.finish('tls-handshake', 'the server did not agree to HTTP/2 (ALPN h2)');
      return;
    }
    const pipe = new Pipe(probe);
    this.#pipe = pipe;
    const session = connect('http://server', { ...LIMITS, createConnection: () => pipe });
    const closeSocket = run.close;
    run.close = (hard) => {
      closeSocket(hard);
      session.destroy();
    };
    session.on('error', (error) => failed(run, error));
    const call = new GrpcCall(run);
    call.begin(session, this.#plan);
  }

  data(_probe: ProbeSocket, chunk: Buffer): void {
    this.#pipe?.feed(chunk);
  }

  ended({ run }: ProbeSocket): void {
    run.finish('closed', 'closed before the answer was complete');
  }
}

/** One call: the answer's head, its message, its trailers. */
class GrpcCall {
  readonly #run: ProbeRun;
  readonly #chunks: Buffer[] = [];
  #size = 0;

  constructor(run: ProbeRun) {
    this.#run = run;
  }

  begin(session: ClientHttp2Session, plan: GrpcProbePlan): void {
    const { target, remainingMs } = this.#run;
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      ':scheme': plan.tls === null ? 'http' : 'https',
      ':authority': plan.authority === '' ? authorityOf(target.address) : plan.authority,
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'ballast-check',
      'grpc-timeout': `${remainingMs}m`,
    });
    this.#listen(stream);
    stream.end(writeHealthRequest(plan.service));
  }

  #listen(stream: ClientHttp2Stream): void {
    stream.on('error', (error) => failed(this.#run, error));
    stream.on('response', (head) => this.#begun(head));
    stream.on('data', (chunk: Buffer) => this.#take(chunk));
    stream.on('trailers', (trailers) => this.#judge(trailers));
    stream.on('end', () => {
      // The trailers of an answer are announced in the same turn, behind its end.
      setImmediate(() => this.#run.finish('protocol', 'the answer has no grpc-status'));
    });
  }

  #begun(head: IncomingHttpHeaders & IncomingHttpStatusHeader): void {
    const type = head['content-type'] ?? '';
    if (head[':status'] !== 200) {
      this.#run.finish('status', `HTTP status ${head[':status']}, expected 200`);
    } else if (!/^application\/grpc(?:$|[+;])/.test(type)) {
      this.#run.finish('protocol', 'the answer is not of the type application/grpc');
    } else if (head['grpc-status'] !== undefined) {
      this.#judge(head);
    }
  }

  #take(chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size > GRPC_ANSWER_BYTES_MAX) {
      this.#run.finish('too-large', `the answer exceeds ${GRPC_ANSWER_BYTES_MAX} bytes`);
    } else {
      this.#chunks.push(chunk);
    }
  }

  #judge(fields: IncomingHttpHeaders): void {
    const status = verdictOfStatus(fields['grpc-status']);
    const verdict = status ?? verdictOfAnswer(readHealthAnswer(Buffer.concat(this.#chunks)));
    this.#run.finish(verdict.reason, verdict.detail);
  }
}

/** Errors of the session or of the call. Those of the connection are the ProbeSocket's. */
function failed(run: ProbeRun, error: Error): void {
  const { code } = error as { code?: unknown };
  const why = /error code (NGHTTP2_[A-Z_]+|[0-9]+)$/.exec(error.message)?.[1];
  if (code === 'ERR_HTTP2_STREAM_ERROR' && why !== undefined) {
    run.finish('server-error', `the server reset the call: ${why}`);
  } else if (code === 'ERR_HTTP2_SESSION_ERROR' && why !== undefined) {
    run.finish('server-error', `the server ended the connection: ${why}`);
  } else {
    run.finish('protocol', 'the server does not speak HTTP/2 as it should');
  }
}

function authorityOf({ family, host, port }: BindPlan): string {
  if (family === 'unix') return 'localhost';
  return family === 'ipv6' ? `[${host}]:${port}` : `${host}:${port}`;
}
