/** What is kept of the tries for a certificate, so that a restart does not begin anew. */
import type { KeptTries } from '../../machine/acme-renewal.ts';
import type { ChallengesFrame } from '../../plane/worker-protocol.ts';
import { triesPath } from './acme-files.ts';
import { KeptFile, type Fields } from './kept-file.ts';

/** An order that was made and not finished: the next try goes on with it. */
export type PendingOrder = {
  readonly url: string;
  /** The key that the certificate is for, PEM. */
  readonly privateKey: string;
  /** What the authority may look for still, also after a restart. */
  readonly challenges: Challenges;
  /** When it was made, in ms of the wall clock. */
  readonly madeAt: number;
};

/** Challenges of one order, all of one kind. */
export type Challenges = Pick<ChallengesFrame, 'http' | 'tls'>;

export const NO_CHALLENGES: Challenges = { http: [], tls: [] };

/** The latest failure, for people. */
export type LastError = {
  /** ISO 8601. */
  readonly at: string;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
};

export type Tries = KeptTries & {
  /** The plan that they belong to. */
  readonly version: string;
  /** When the hold was written, in ms of the wall clock. */
  readonly at: number;
  readonly lastError: LastError | null;
  readonly pending: PendingOrder | null;
  /** Directories that the latest certificates are from, by SHA-256 of the certificate. */
  readonly origins: readonly (readonly [fingerprint: string, directory: string])[];
};

/** Certificates whose origin is kept: the one that serves, and the one that is to take its place. */
const ORIGINS_MAX = 2;

/** An order that is older is not gone on with: its certificate would be as old, in ms. */
const PENDING_MS_MAX = 86_400_000;

/** The order to go on with; null where there is none, or one too old. */
export function freshOrder({ pending }: Tries, nowMs: number): PendingOrder | null {
  if (pending === null) return null;
  return Math.abs(nowMs - pending.madeAt) < PENDING_MS_MAX ? pending : null;
}

/** Nothing was tried yet for this version of the plan. */
export function untried(version: string): Tries {
  const tries = { failures: 0, interruptions: 0, holdMs: 0, isHoldAsked: false };
  return { ...tries, version, at: 0, lastError: null, pending: null, origins: [] };
}

/** The file of the tries for the certificate `key`. */
export function triesFile(stateFolder: string, key: string): KeptFile<Tries> {
  return new KeptFile(triesPath(stateFolder, key), parse);
}

/**
 * What is left of the hold `nowMs`, by the wall clock. A clock that was set meanwhile makes it at
 * most as long as it was, and no shorter than nothing.
 */
export function holdLeftMs({ at, holdMs }: Tries, nowMs: number): number {
  return Math.min(holdMs, Math.max(0, at + holdMs - nowMs));
}

/** The origins with one more. */
export function withOrigin(tries: Tries, fingerprint: string, directory: string): Tries {
  const others = tries.origins.filter(([known]) => known !== fingerprint);
  return {
    ...tries,
    origins: [[fingerprint, directory] as const, ...others].slice(0, ORIGINS_MAX),
  };
}

function parse(fields: Fields): Tries | null {
  const { failures, interruptions, holdMs, version, at, lastError, pending, origins } = fields;
  const isWhole =
    isCount(failures) &&
    isCount(interruptions) &&
    isCount(holdMs) &&
    isCount(at) &&
    typeof version === 'string' &&
    Array.isArray(origins);
  if (!isWhole) return null;
  return {
    failures,
    interruptions,
    holdMs,
    isHoldAsked: fields['isHoldAsked'] === true,
    version,
    at,
    lastError: textsOf(lastError, ['at', 'code', 'message', 'hint']),
    pending: pendingOf(pending),
    origins: origins.filter(isPair).slice(0, ORIGINS_MAX),
  };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isPair(value: unknown): value is readonly [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((v) => typeof v === 'string');
}

function pendingOf(value: unknown): PendingOrder | null {
  const texts = textsOf(value, ['url', 'privateKey']);
  if (texts === null) return null;
  const { challenges, madeAt } = value as Fields;
  const { http, tls } = (challenges ?? {}) as Fields;
  const kept: Challenges = {
    http: listOf(http, ['token', 'answer']),
    tls: listOf(tls, ['name', 'chain', 'privateKey']),
  };
  return { ...texts, challenges: kept, madeAt: isCount(madeAt) ? madeAt : 0 };
}

function listOf<Name extends string>(
  value: unknown,
  names: readonly Name[],
): { readonly [name in Name]: string }[] {
  if (!Array.isArray(value)) return [];
  return value.map((one) => textsOf(one, names)).filter((one) => one !== null);
}

/** A map of these texts alone, else null. */
function textsOf<Name extends string>(
  value: unknown,
  names: readonly Name[],
): { readonly [name in Name]: string } | null {
  if (typeof value !== 'object' || value === null) return null;
  const fields = value as Fields;
  if (!names.every((name) => typeof fields[name] === 'string')) return null;
  const pairs = names.map((name) => [name, fields[name]]);
  return Object.fromEntries(pairs) as { readonly [name in Name]: string };
}
