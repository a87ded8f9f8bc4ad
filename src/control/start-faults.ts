/** A start that fails says all that is in its way, not only the first. */
import { BallastError, BallastErrors, errorsIn } from '../base/errors.ts';

/**
 * What `first` gives; where it fails, an error with what the further steps meet too. Each of them is
 * tried then, whatever came of the others.
 */
export async function orAllFaults<T>(
  first: Promise<T>,
  steps: readonly (() => Promise<void>)[],
): Promise<T> {
  const faults: BallastError[] = [];
  const note = (error: unknown): void => {
    if (!(error instanceof BallastError)) throw error;
    faults.push(...errorsIn(error));
  };
  try {
    return await first;
  } catch (error) {
    note(error);
  }
  for (const step of steps) await step().catch(note);
  throw BallastErrors.of(faults);
}
