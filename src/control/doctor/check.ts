/** The shape of a check of `ballast doctor`, and the words its findings are made with. */
import type { Facts } from './facts.ts';

/** `problem`: mend it. `advice`: consider it. `unknown`: it could not be looked at. */
export type Severity = 'problem' | 'advice' | 'unknown' | 'ok';

export type Finding = {
  readonly severity: Severity;
  /** The value now, as a phrase. */
  readonly now: string;
  /** The value wanted; "" where there is nothing to want. */
  readonly wanted: string;
  /** Lines to type or to write, one or more of which mend it. */
  readonly fix: readonly string[];
};

/** A check: one file of `checks/` has those of one subject, and `checks.ts` lists them all. */
export type Check = {
  /** Stable: what `--json` calls it. */
  readonly name: string;
  /** What is looked at, for the documents: a phrase. */
  readonly looksAt: string;
  /** One sentence. */
  readonly why: string;
  /** The general way to mend it, for the documents; findings have the exact lines. */
  readonly remedy: string;
  /** Nothing where the check does not apply. Pure. */
  readonly look: (facts: Facts) => readonly Finding[];
};

export const ok = (now: string): Finding => ({ severity: 'ok', now, wanted: '', fix: [] });

export const unknown = (now: string): Finding => ({
  severity: 'unknown',
  now,
  wanted: '',
  fix: [],
});

/** What is not as it should be. */
export type Fault = Pick<Finding, 'now' | 'wanted' | 'fix'>;

export const advice = (fault: Fault): Finding => ({ severity: 'advice', ...fault });

export const problem = (fault: Fault): Finding => ({ severity: 'problem', ...fault });

/** The file that keeps parameters over a boot: sysctl.d(5). */
export const SYSCTL_FILE = '/etc/sysctl.d/50-ballast.conf';

/** The lines that set a kernel parameter, now and at each boot. */
export function sysctlFix(facts: Facts, name: string, value: string | number): string[] {
  const lines = [
    `sysctl -w ${name}=${quoted(value)}`,
    `echo '${name} = ${value}' >> ${SYSCTL_FILE}`,
  ];
  if (!facts.isProcSysReadOnly) return lines;
  return [...lines, 'here /proc/sys is read-only (a container): set it where the container is run'];
}

function quoted(value: string | number): string {
  return String(value).includes(' ') ? `"${value}"` : String(value);
}

/** A kernel parameter as a number; null where it cannot be read. */
export function sysctlNumber(facts: Facts, name: string): number | null {
  const text = facts.sysctl(name);
  return text === null || !/^-?\d+$/.test(text) ? null : Number(text);
}

/** Whose limits a finding speaks of. */
export function subjectText({ subject }: Facts): string {
  return subject.pid > 0 ? `the Ballast that runs (pid ${subject.pid})` : 'this shell';
}
