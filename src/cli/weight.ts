/** `ballast weight`: another share of what is new, until it is set back. */
import { changeServers, type ServerChoice } from './change-servers.ts';

export type WeightChoice = ServerChoice & {
  /** 0 … 256; null is as configured. */
  readonly weight: number | null;
};

/** Throws BAL_SERVER_UNKNOWN. */
export function weight({ weight: wanted, ...choice }: WeightChoice): Promise<void> {
  return changeServers(choice, { weight: wanted });
}
