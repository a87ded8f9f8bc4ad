/** `ballast ready`: ends drain and maintenance. */
import { changeServers, type ServerChoice } from './change-servers.ts';

/** Throws BAL_SERVER_UNKNOWN. */
export function ready(choice: ServerChoice): Promise<void> {
  return changeServers(choice, { administrative: 'ready' });
}
