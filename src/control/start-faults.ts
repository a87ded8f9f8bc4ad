/** A start that fails says all that is in its way, not only the first. */
import { BallastError, BallastErrors, errorsIn } from '../base/errors.ts';

/** `first` together with what the further steps meet; each is tried, whatever came of the others. */
export async function withMoreFaults(
  first: unknown,
  steps: readonly (() => Promise<void>)[],
): Promise<unknown> {
  if (!(first instanceof BallastError)) return first;
  const faults = [...errorsIn(first)];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      if (error instanceof BallastError) faults.push(...errorsIn(error));
    }
  }
  return BallastErrors.of(faults);
}
