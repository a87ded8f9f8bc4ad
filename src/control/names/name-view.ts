import { canonicalDnsName } from '../../codec/dns-name.ts';
import type { NamePlan } from '../../config/plan.ts';
import type { NamePhase, NameState } from '../../machine/name-lookup.ts';
import { serversOf } from './expand.ts';
import type { NameBoard } from './name-board.ts';
import { questionsOf } from './questions-of.ts';

/** What is known of one name of a plan, all its questions together. */
export type NameView = {
  /** Resolved or holding while it stands for servers. */
  readonly phase: NamePhase;
  /** What is wrong, or how the name was resolved. */
  readonly reason: string;
  readonly detail: string;
  /** When `phase` became what it is, in ms of the board's clock. */
  readonly sinceMs: number;
  /** Servers that it stands for now. */
  readonly servers: number;
};

/** Where several questions went wrong, the first of these is told. */
const BY_WEIGHT: readonly string[] = [
  'name-bad-answer',
  'name-server-error',
  'name-no-answer',
  'name-not-found',
  'name-no-records',
  'name-remembered',
  'name-not-asked',
];

/** Puts the questions of a name together. For the status, the metrics and the log. */
export function viewOfName(name: NamePlan, board: NameBoard): NameView {
  const servers = serversOf(name, board.known).length;
  const states = questionsOf(name, board.known).map((question) => board.state(question));
  if (states.includes(null)) {
    const detail = 'as many names are looked up as can be';
    return { phase: 'unresolved', reason: 'name-limit', detail, sinceMs: 0, servers };
  }
  const all = states as NameState[];
  const phase = phaseOf(all, servers);
  const inPhase = all.filter((state) => state.phase === phase);
  const telling = inPhase.length > 0 ? inPhase : all;
  const { reason, detail } = byWeight(telling)!;
  return { phase, reason, detail, sinceMs: Math.max(...telling.map(sinceMsOf)), servers };
}

function phaseOf(states: readonly NameState[], servers: number): NamePhase {
  const has = (phase: NamePhase): boolean => states.some((state) => state.phase === phase);
  // A family of addresses that the name has not is no fault of a name that has another.
  if (servers > 0) return has('holding') ? 'holding' : 'resolved';
  return has('unknown') ? 'unknown' : 'unresolved';
}

function byWeight(states: readonly NameState[]): NameState | undefined {
  const weight = ({ reason }: NameState): number => {
    const place = BY_WEIGHT.indexOf(reason);
    return place < 0 ? BY_WEIGHT.length : place;
  };
  return [...states].sort((a, b) => weight(a) - weight(b))[0];
}

function sinceMsOf({ sinceMs }: NameState): number {
  return sinceMs;
}

/** A name as the configuration writes it: `db.example.com:5432`, `srv:_pg._tcp.example.com`. */
export function nameText({ kind, host, port }: NamePlan): string {
  const canonical = canonicalDnsName(host);
  return kind === 'srv' ? `srv:${canonical}` : `${canonical}:${port}`;
}
