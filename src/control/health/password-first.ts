import type { SecretPlan } from '../../config/plan-check.ts';
import { ProbeRun } from './probe-run.ts';
import type { CancelProbe, ProbeResult, ProbeTarget } from './probe.ts';
import { readSecret } from './secret.ts';

/** A probe that needs a password, and what it does once the password is known. */
export type PasswordProbe = {
  readonly target: ProbeTarget;
  readonly password: SecretPlan | null;
  /** Begins to connect. `password` is null where none is configured. */
  readonly begin: (run: ProbeRun, password: string | null) => void;
};

/**
 * Begins a probe by reading its password, within its time limit; one that cannot be read is a fault
 * of this machine. Called once per probe of a kind that logs in.
 */
export function passwordFirst(
  { target, password, begin }: PasswordProbe,
  done: (result: ProbeResult) => void,
): CancelProbe {
  const run = new ProbeRun(target, done);
  if (password === null) {
    begin(run, null);
  } else {
    run.awaits = 'local';
    void readSecret(password).then((secret) => {
      if (run.isOver) return;
      if (!secret.ok) {
        run.finish('local-setup', secret.detail);
        return;
      }
      run.awaits = 'connection';
      begin(run, secret.text);
    });
  }
  return () => run.cancel();
}
