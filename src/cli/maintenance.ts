/** `ballast maintenance`: a server gets nothing at all, not even its check. */
import { changeServers, type ServerChoice } from './change-servers.ts';

/** Throws BAL_SERVER_UNKNOWN. */
export function maintenance(choice: ServerChoice): Promise<void> {
  return changeServers(choice, { administrative: 'maintenance' });
}
