/**
 * What an agent says of its server: one line of HAProxy's agent-check protocol, ended by LF, CR or
 * the end of the connection. Its words are separated by spaces, tabs or commas and stand in any
 * order; of several words about the same thing the last one counts, and what no word is about stays
 * as it was. Upper and lower case are the same.
 *
 *   75%                      share of the configured weight
 *   maxconn:30               requests or sessions at once; 0 is no limit
 *   up | down | fail | stopped         the server's own view of its health
 *   ready | drain | maint              administrative state
 *   # text                   why; up to the end of the line
 */

/** Longest line that is read, its end included, in bytes. */
export const AGENT_LINE_BYTES_MAX = 1_024;

/** Greatest share of a weight, in percent: 1 to the greatest weight. */
export const AGENT_PERCENT_MAX = 25_600;

const CONNECTIONS_MAX = 1_000_000;
const TEXT_MAX = 120;

/** What a line holds; null where it says nothing of the matter. */
export type AgentReply = {
  readonly weightPercent: number | null;
  readonly maxConnections: number | null;
  readonly health: 'up' | 'down' | 'fail' | 'stopped' | null;
  readonly administrative: 'ready' | 'drain' | 'maintenance' | null;
  /** Printable ASCII, at most 120 characters; "" is none. */
  readonly text: string;
  /** Words that mean nothing; they change nothing. */
  readonly unknownWords: number;
};

const ADMINISTRATIVE = { ready: 'ready', drain: 'drain', maint: 'maintenance' } as const;
const HEALTH = { up: 'up', down: 'down', fail: 'fail', stopped: 'stopped' } as const;

/** Where the line ends in what has come so far: the index of CR or LF, or -1. */
export function agentLineEnd(bytes: Uint8Array): number {
  return bytes.findIndex((byte) => byte === 0x0a || byte === 0x0d);
}

/** Reads one line without its end. Any bytes are allowed; none are an empty line. */
export function parseAgentReply(line: Uint8Array): AgentReply {
  let words = '';
  for (const byte of line) words += String.fromCharCode(byte);
  const sharp = words.indexOf('#');
  const text = sharp < 0 ? '' : printable(words.slice(sharp + 1));
  const reply = { ...NOTHING, text };
  const before = sharp < 0 ? words : words.slice(0, sharp);
  for (const word of before.toLowerCase().split(/[ \t,]+/)) {
    if (word !== '' && !take(word, reply)) reply.unknownWords += 1;
  }
  return reply;
}

type Mutable = { -readonly [Key in keyof AgentReply]: AgentReply[Key] };

const NOTHING: AgentReply = {
  weightPercent: null,
  maxConnections: null,
  health: null,
  administrative: null,
  text: '',
  unknownWords: 0,
};

function take(word: string, reply: Mutable): boolean {
  if (Object.hasOwn(ADMINISTRATIVE, word)) {
    reply.administrative = ADMINISTRATIVE[word as keyof typeof ADMINISTRATIVE];
    return true;
  }
  if (Object.hasOwn(HEALTH, word)) {
    reply.health = HEALTH[word as keyof typeof HEALTH];
    return true;
  }
  const match = /^(?:(\d{1,9})%|maxconn:(\d{1,9}))$/.exec(word);
  if (match === null) return false;
  const [, percent, connections] = match;
  if (percent !== undefined) reply.weightPercent = Math.min(Number(percent), AGENT_PERCENT_MAX);
  else reply.maxConnections = Math.min(Number(connections), CONNECTIONS_MAX);
  return true;
}

function printable(text: string): string {
  const plain = text.replaceAll(/[^ -~]+/g, ' ').trim();
  return plain.length > TEXT_MAX ? `${plain.slice(0, TEXT_MAX - 1)}~` : plain;
}
