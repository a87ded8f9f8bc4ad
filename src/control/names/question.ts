import type { NameRecord } from '../../machine/name-lookup.ts';

/** What can be asked of a name. */
export type QuestionType = 'A' | 'AAAA' | 'SRV';

/** `host` in lower case, without a dot at its end. */
export type Question = { readonly host: string; readonly type: QuestionType };

/** Why a name has no records now; stable words, for logs, the status and as a metric label. */
export type NameReason =
  /** No answer has come yet. */
  | 'name-not-asked'
  /** A name server says that there is no such name. */
  | 'name-not-found'
  /** The name exists, but without a record of this type that could be used. */
  | 'name-no-records'
  /** No name server answered in time. */
  | 'name-no-answer'
  /** The name servers answered with an error. */
  | 'name-server-error'
  /** The answer is not valid, or its chain of aliases does not end. */
  | 'name-bad-answer'
  /** Too many names are looked up already. */
  | 'name-limit';

/** How a question was answered; never an exception. */
export type Outcome =
  | {
      readonly kind: 'records';
      /** Sorted, each once, at least one. */
      readonly records: readonly NameRecord[];
      readonly ttlMs: number;
      /** Records that were left out because there were too many. */
      readonly left: number;
    }
  | {
      readonly kind: 'empty';
      readonly reason: NameReason;
      readonly detail: string;
      /** For how long that holds; null where the name server does not say. */
      readonly ttlMs: number | null;
    }
  | { readonly kind: 'failed'; readonly reason: NameReason; readonly detail: string };

/** The same text, the same question. */
export function questionKey({ type, host }: Question): string {
  return `${type} ${host}`;
}
