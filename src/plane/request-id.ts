/** Identifiers of requests, for X-Request-Id: 128 random bits as a UUID (RFC 9562 §5.4). */
import { randomUUID } from 'node:crypto';

export function newRequestId(): string {
  return randomUUID();
}
