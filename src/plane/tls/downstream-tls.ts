/** TLS on a client's connection that we end. */
import type { Shown } from './handshake-callbacks.ts';
import type { Termination } from './termination.ts';
import { TlsStream } from './tls-stream.ts';

export class DownstreamTls extends TlsStream {
  /** Of the listener as it was when the ClientHello came. */
  termination: Termination;
  /** First meter of the listener. */
  readonly meter: number;
  /**
   * What the client may be shown, one for each kind of key. Copied out of the store, which may be
   * another one by the time that OpenSSL asks.
   */
  shown: readonly Shown[] = [];
  /** The protocol that both speak; null: they have none in common. */
  protocol: string | null = null;
  /** Place of the older key that its ticket was sealed with; 0: none, or the newest. */
  olderKey = 0;
  /** Early data is taken where the client sends it. */
  takesEarly = false;
  /** All early data has come, or there is none. */
  isEarlyOver = false;
  /** Why the handshake has failed, in OpenSSL's words; "" where there is nothing to say. */
  detail = '';

  constructor(termination: Termination, meter: number) {
    super();
    this.termination = termination;
    this.meter = meter;
  }
}
