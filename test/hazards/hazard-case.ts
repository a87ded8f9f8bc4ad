/** The shape of one hazard of HTTP/1.1 and the short forms that the tables are written in. */
import type { ConnectionScript } from '../kit/origin.ts';
import { REASONS } from '../../src/base/reasons.ts';

/** How the client's connection ends: by the proxy, or it stays open for a further request. */
export type Ending = 'closed' | 'open';

/** What was seen of a proxy in one case. */
export type Outcome = {
  /**
   * Answers in order. A text is the status, and the body where it is a 2xx: `200 ok`. ` cut` stands
   * behind an answer whose end is missing; `raw` is bytes that are no HTTP/1.x answer.
   */
  readonly answers: readonly string[];
  readonly ending: Ending;
  /** The bytes that the server got, as latin1, all connections one after the other. */
  readonly server: string;
};

/** What Ballast must do. */
export type Expectation = {
  readonly answers: readonly string[];
  readonly ending: Ending;
  /** The bytes that the server must get, or an expression that they must match. */
  readonly server: string | RegExp;
  /** Word of the `Ballast-Reason` header; absent: the header must be absent. */
  readonly reason?: string;
  /** Texts that the client must have received. */
  readonly client?: readonly RegExp[];
  /** Texts that the client must not have received. */
  readonly clientNot?: readonly RegExp[];
  /** How many connections to the server must have been made. */
  readonly connections?: number;
};

export type HazardCase = {
  /** The row of the table of hazards. */
  readonly row: string;
  /** Where the rule stands. */
  readonly section: string;
  /** What this case does; unique. */
  readonly name: string;
  /** The client's bytes, as latin1. Several parts are sent one after the other. */
  readonly send: string | readonly string[];
  /** The client ends its direction after the last byte. */
  readonly halfClose?: boolean;
  /** The server's answer to each request; `200 ok` where absent. */
  readonly answer?: string;
  /** The server ends the connection after its answer. */
  readonly answerThenClose?: boolean;
  /** What the server does in place of the above. */
  readonly script?: ConnectionScript;
  /** The answers have no body whatever their fields say (HEAD). */
  readonly isHead?: boolean;
  /** Changes to the listener's configuration of Ballast. */
  readonly listener?: Readonly<Record<string, unknown>>;
  /** What the server behind the other proxies gets depends on timing: it is not compared. */
  readonly peersRace?: boolean;
  /** Not run against the other proxies, with the reason. */
  readonly onlyBallast?: string;
  readonly ballast: Expectation;
};

/** The server's usual answer. */
export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** A message of whole lines, an empty line and a body. */
export function message(lines: readonly string[], body = ''): string {
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** `GET /` of host `a` with further field lines. */
export function get(...fields: string[]): string {
  return message(['GET / HTTP/1.1', 'Host: a', ...fields]);
}

/** `POST /` of host `a`. */
export function post(fields: readonly string[], body: string): string {
  return message(['POST / HTTP/1.1', 'Host: a', ...fields], body);
}

/** `GET` of a target. */
export function getTarget(target: string): string {
  return message([`GET ${target} HTTP/1.1`, 'Host: a']);
}

function statusOf(reason: string): string {
  const row = REASONS.find((candidate) => candidate.word === reason);
  if (row === undefined) throw new Error(`no reason is called ${reason}`);
  return String(row.status);
}

/** Refused before anything reached a server, and the connection closed. */
export function refused(reason: string): Expectation {
  return { answers: [statusOf(reason)], reason, ending: 'closed', server: '' };
}

/** Refused while the body was under way: the server may have got the part before the fault. */
export function refusedMidway(reason: string, server: RegExp): Expectation {
  return { answers: [statusOf(reason)], reason, ending: 'closed', server };
}

/** Answered by Ballast itself without harm to the connection. */
export function answeredOpen(reason: string): Expectation {
  return { answers: [statusOf(reason)], reason, ending: 'open', server: '' };
}

/** Passed on as these bytes, and the server's answer passed back. */
export function served(server: string | RegExp, more: Partial<Expectation> = {}): Expectation {
  return { answers: ['200 ok'], ending: 'open', server, ...more };
}

/** The server's answer was refused. */
export function badAnswer(
  reason = 'server-bad-answer',
  more: Partial<Expectation> = {},
): Expectation {
  const server = message(['GET / HTTP/1.1', 'Host: a']);
  return { answers: [statusOf(reason)], reason, ending: 'open', server, ...more };
}
