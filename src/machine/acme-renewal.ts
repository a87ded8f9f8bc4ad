/**
 * When each certificate of ACME (RFC 8555) is ordered: the first time, before it ends, and again
 * after a failure. One order runs at a time, whatever their number.
 *
 *            due, no hold                  obtained
 *   waiting ─────────────► ordering ───────────────────────────► waiting until it is to be renewed
 *      ▲                      │ failed: hold (below)
 *      └──────────────────────┴─ cancelled, because the plan has changed: no hold
 *
 * A failure puts a hold on the certificate, one of the directory itself (it cannot be reached, or
 * asks for patience) on all certificates of that directory. Holds double from failure to failure:
 *
 *   order        HOLDS.order        the CA has refused: it counts failures and limits them
 *   directory    HOLDS.directory    nobody was asked for anything: short, for the start of a machine
 *   interrupted  HOLDS.interrupted  the process ended amid the order, more than once: a loop of crashes
 *                                   orders little
 *
 * Who has mended what was wrong asks for a try (`retry`): holds then end RETRY_GAP_MS after the latest
 * order, those excepted that the directory itself asked for.
 *
 * Validity is told by the wall clock, holds by one that never goes back. A certificate that is due
 * for renewal as soon as it was obtained counts as a failure: it means that the clock is wrong, and a
 * wrong clock must not order without end.
 */

/** Milliseconds of the wall clock, and of one that never goes back; a fresh number in [0, 1). */
export type AcmeNow = {
  readonly wallMs: number;
  readonly steadyMs: number;
  readonly random: number;
};

/** The certificate that there is, from its first to its last moment by the wall clock. */
export type HeldCertificate = {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Whether it is what the plan asks for: of these names, from this directory, of this kind. */
  readonly isAsked: boolean;
  /** A number in [0, 1) that is its own: spreads the renewals of many. */
  readonly spread: number;
};

/** A certificate of the plan, with what a process before this one has kept of it. */
export type WantedCertificate = {
  readonly key: string;
  /** Changes when the plan asks for something else. */
  readonly version: string;
  readonly directory: string;
  /** Time before the end at which it is renewed; of a short life, the last third. */
  readonly renewMs: number;
  readonly held: HeldCertificate | null;
  readonly kept: KeptTries;
};

/** What must outlive the process. */
export type KeptTries = {
  /** Failures in a row. */
  readonly failures: number;
  /** Orders in a row amid which the process ended. */
  readonly interruptions: number;
  /** Time that must pass before the next order, and whether the directory asks for that. */
  readonly holdMs: number;
  readonly isHoldAsked: boolean;
};

/** All by the clock that never goes back; `endedMs` is the end of the latest order. */
type Hold = {
  readonly holdUntilMs: number;
  readonly isHoldAsked: boolean;
  readonly endedMs: number;
};

export type AcmeEntry = WantedCertificate & Omit<Hold, 'isHoldAsked'>;

/** A directory that has failed lately. */
export type FailingDirectory = Hold & { readonly failures: number };

export type AcmeState = {
  readonly entries: ReadonlyMap<string, AcmeEntry>;
  readonly directories: ReadonlyMap<string, FailingDirectory>;
  /** The order that runs, and whether it was cancelled. */
  readonly running: { readonly key: string; readonly isCancelled: boolean } | null;
};

export type AcmeEvent =
  /** These are the certificates from now on; of those known with the same version `held` counts. */
  | { readonly kind: 'plan'; readonly wanted: readonly WantedCertificate[] }
  | { readonly kind: 'tick' }
  /** Somebody asks for another try of what has failed. */
  | { readonly kind: 'retry' }
  /** The running order has come to its end. */
  | { readonly kind: 'obtained'; readonly held: HeldCertificate }
  | {
      readonly kind: 'failed';
      /** Whose failure it is; `both` where the directory asks this certificate for patience. */
      readonly scope: 'order' | 'directory' | 'both';
      /** What the directory asks for (RFC 8555 §6.6); 0 is nothing. */
      readonly retryAfterMs: number;
    }
  | { readonly kind: 'cancelled' };

export type AcmeEffect =
  /** Order now; answer with obtained, failed or cancelled. */
  | { readonly kind: 'begin'; readonly key: string }
  /** End the running order; answer with cancelled, or with what came of it all the same. */
  | { readonly kind: 'cancel' }
  /** Bring this to the disk before the next effect is carried out. */
  | { readonly kind: 'keep'; readonly key: string; readonly kept: KeptTries }
  /** Send `tick` after so long; replaces the timer that was armed before. */
  | { readonly kind: 'arm'; readonly afterMs: number };

export type AcmeStep = { readonly state: AcmeState; readonly effects: readonly AcmeEffect[] };

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** First hold after a failure, and the longest. */
export const HOLDS = {
  order: { firstMs: 5 * MINUTE_MS, lastMs: DAY_MS },
  directory: { firstMs: 5_000, lastMs: HOUR_MS },
  interrupted: { firstMs: 10_000, lastMs: DAY_MS },
} as const;

/** Least time between two orders, whoever asks for another. */
export const RETRY_GAP_MS = HOLDS.order.firstMs;
/** Longest time that a directory is believed when it asks for patience. */
export const RETRY_AFTER_MS_MAX = 7 * DAY_MS;
/** Each hold is longer by up to this share of itself. */
export const HOLD_SPREAD_PERCENT = 20;
/** Renewals are earlier by up to this share of the time before the end. */
export const RENEWAL_SPREAD_PERCENT = 10;
/** Longest time without a look at the wall clock, which may have been set. */
export const LOOK_MS_MAX = HOUR_MS;

const NO_HOLD = { interruptions: 0, holdMs: 0, isHoldAsked: false } as const;

/** No certificate; send `plan` next. */
export const NO_CERTIFICATES: AcmeState = {
  entries: new Map(),
  directories: new Map(),
  running: null,
};

/** When a certificate is to be renewed, by the wall clock. */
export function renewalAtMs(held: HeldCertificate, renewMs: number): number {
  const { notBeforeMs, notAfterMs, spread } = held;
  const before = Math.min(renewMs, (notAfterMs - notBeforeMs) / 3);
  return notAfterMs - before * (1 + (spread * RENEWAL_SPREAD_PERCENT) / 100);
}

/** Time until a certificate is ordered, 0 when it is its turn: for people, and for the machine. */
export function waitMs(state: AcmeState, entry: AcmeEntry, now: AcmeNow): number {
  const directoryMs = state.directories.get(entry.directory)?.holdUntilMs ?? 0;
  const holdMs = Math.max(entry.holdUntilMs, directoryMs) - now.steadyMs;
  const { held, renewMs } = entry;
  const dueMs = held?.isAsked === true ? renewalAtMs(held, renewMs) - now.wallMs : 0;
  return Math.max(0, holdMs, dueMs);
}

/** One step of the machine; the caller carries out the effects in their order. */
export function step(state: AcmeState, event: AcmeEvent, now: AcmeNow): AcmeStep {
  switch (event.kind) {
    case 'plan':
      return plan(state, event.wanted, now);
    case 'tick':
      return goOn(state, [], now);
    case 'retry':
      return retry(state, now);
    case 'obtained':
    case 'failed':
    case 'cancelled':
      return ended(state, event, now);
  }
}

function plan(state: AcmeState, wanted: readonly WantedCertificate[], now: AcmeNow): AcmeStep {
  const entries = new Map<string, AcmeEntry>();
  for (const one of wanted) {
    const known = state.entries.get(one.key);
    const isKnown = known?.version === one.version;
    const holdUntilMs = now.steadyMs + one.kept.holdMs;
    const begun = { ...one, holdUntilMs, endedMs: -Infinity };
    entries.set(one.key, isKnown ? { ...known, held: one.held } : begun);
  }
  const used = new Set(wanted.map(({ directory }) => directory));
  const directories = new Map([...state.directories].filter(([url]) => used.has(url)));
  const { running } = state;
  const effects: AcmeEffect[] = [];
  const next = { entries, directories, running };
  if (running === null || running.isCancelled) return goOn(next, effects, now);
  const before = state.entries.get(running.key);
  if (entries.get(running.key)?.version === before?.version) return goOn(next, effects, now);
  effects.push({ kind: 'cancel' });
  return goOn({ ...next, running: { ...running, isCancelled: true } }, effects, now);
}

function retry(state: AcmeState, now: AcmeNow): AcmeStep {
  const sooner = ({ holdUntilMs, isHoldAsked, endedMs }: Hold): number => {
    return isHoldAsked ? holdUntilMs : Math.min(holdUntilMs, endedMs + RETRY_GAP_MS);
  };
  const entries = new Map<string, AcmeEntry>();
  for (const [key, entry] of state.entries) {
    const { isHoldAsked } = entry.kept;
    entries.set(key, { ...entry, holdUntilMs: sooner({ ...entry, isHoldAsked }) });
  }
  const directories = new Map<string, FailingDirectory>();
  for (const [url, one] of state.directories) {
    directories.set(url, { ...one, holdUntilMs: sooner(one) });
  }
  return goOn({ ...state, entries, directories }, [], now);
}

type Ending = Extract<AcmeEvent, { kind: 'obtained' | 'failed' | 'cancelled' }>;

function ended(state: AcmeState, event: Ending, now: AcmeNow): AcmeStep {
  const { running } = state;
  if (running === null) return { state, effects: [] };
  const idle = { ...state, running: null };
  const entry = state.entries.get(running.key);
  // What has been cancelled is of another plan: the new entry begins with what it was given.
  if (entry === undefined || running.isCancelled) return goOn(idle, [], now);
  switch (event.kind) {
    case 'cancelled':
      return settle(idle, { ...entry, kept: { ...entry.kept, ...NO_HOLD } }, now);
    case 'obtained':
      return obtained(idle, { ...entry, held: event.held }, now);
    case 'failed':
      return failed(idle, entry, event, now);
  }
}

function obtained(state: AcmeState, entry: AcmeEntry, now: AcmeNow): AcmeStep {
  const directories = new Map(state.directories);
  directories.delete(entry.directory);
  const healthy = { ...state, directories };
  const isLasting = renewalAtMs(entry.held!, entry.renewMs) > now.wallMs;
  if (isLasting) {
    return settle(healthy, { ...entry, kept: { failures: 0, ...NO_HOLD } }, now);
  }
  return failed(healthy, entry, { kind: 'failed', scope: 'order', retryAfterMs: 0 }, now);
}

type Failure = Extract<AcmeEvent, { kind: 'failed' }>;

function failed(state: AcmeState, entry: AcmeEntry, event: Failure, now: AcmeNow): AcmeStep {
  const asked = Math.min(event.retryAfterMs, RETRY_AFTER_MS_MAX);
  const directories = new Map(state.directories);
  const before = directories.get(entry.directory)?.failures ?? 0;
  if (event.scope === 'order') {
    // It has answered.
    directories.delete(entry.directory);
  } else {
    const failures = before + 1;
    const own = event.scope === 'directory' ? asked : 0;
    const holdMs = Math.max(own, holdAfter(HOLDS.directory, failures, now));
    directories.set(entry.directory, {
      failures,
      holdUntilMs: now.steadyMs + holdMs,
      isHoldAsked: own > 0,
      endedMs: now.steadyMs,
    });
  }
  const next = { ...state, directories };
  if (event.scope === 'directory') {
    return settle(next, { ...entry, kept: { ...entry.kept, ...NO_HOLD } }, now);
  }
  const failures = entry.kept.failures + 1;
  const holdMs = Math.max(asked, holdAfter(HOLDS.order, failures, now));
  return settle(
    next,
    { ...entry, kept: { ...NO_HOLD, failures, holdMs, isHoldAsked: asked > 0 } },
    now,
  );
}

/** The entry after its order. */
function settle(state: AcmeState, entry: AcmeEntry, now: AcmeNow): AcmeStep {
  const { key, kept } = entry;
  const entries = new Map(state.entries);
  const { steadyMs: endedMs } = now;
  entries.set(key, { ...entry, holdUntilMs: endedMs + kept.holdMs, endedMs });
  return goOn({ ...state, entries }, [{ kind: 'keep', key, kept }], now);
}

/** Begins an order if it is somebody's turn, and arms the timer for the next look. */
function goOn(state: AcmeState, before: readonly AcmeEffect[], now: AcmeNow): AcmeStep {
  if (state.running !== null || state.entries.size === 0) return { state, effects: before };
  let next: AcmeEntry | null = null;
  let afterMs = LOOK_MS_MAX;
  for (const entry of state.entries.values()) {
    const wait = waitMs(state, entry, now);
    if (wait === 0 && (next === null || isMoreUrgent(entry, next))) next = entry;
    afterMs = Math.min(afterMs, wait);
  }
  if (next === null) return { state, effects: [...before, { kind: 'arm', afterMs }] };
  return begin(state, next, before, now);
}

/** No certificate at all comes first, then the one that ends first. */
function isMoreUrgent(a: AcmeEntry, b: AcmeEntry): boolean {
  return (a.held?.notAfterMs ?? 0) < (b.held?.notAfterMs ?? 0);
}

/** Counts the order as interrupted until it has come to its end. */
function begin(
  state: AcmeState,
  entry: AcmeEntry,
  before: readonly AcmeEffect[],
  now: AcmeNow,
): AcmeStep {
  const { key } = entry;
  const interruptions = entry.kept.interruptions + 1;
  // The first one is forgiven: the next process goes on with the order before it is looked at.
  const holdMs = interruptions < 2 ? 0 : holdAfter(HOLDS.interrupted, interruptions - 1, now);
  const kept = { ...entry.kept, interruptions, holdMs, isHoldAsked: false };
  return {
    state: { ...state, running: { key, isCancelled: false } },
    effects: [...before, { kind: 'keep', key, kept }, { kind: 'begin', key }],
  };
}

function holdAfter(
  { firstMs, lastMs }: { readonly firstMs: number; readonly lastMs: number },
  failures: number,
  { random }: AcmeNow,
): number {
  const holdMs = Math.min(firstMs * 2 ** Math.min(failures - 1, 30), lastMs);
  return holdMs * (1 + (random * HOLD_SPREAD_PERCENT) / 100);
}
