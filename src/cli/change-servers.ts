/** What `drain`, `ready`, `maintenance` and `weight` have in common: ask for it, and say what it did. */
import { BallastError } from '../base/errors.ts';
import type {
  ChangedServer,
  ChangeReport,
  NamedServer,
  ServerChange,
} from '../control/server-states/server-control.ts';
import type { AdministrativeStatus } from '../control/status-report.ts';
import { adminTarget, type AdminChoice } from './admin-target.ts';
import { askAdmin, type AdminQuestion, type AdminTarget } from './admin-client.ts';
import { tableText } from './print.ts';

/** Servers that are printed one by one. */
const PRINTED_MAX = 100;

export type ServerChoice = AdminChoice & {
  /** `POOL/SERVER`; `*` stands for any characters. */
  readonly server: string;
  readonly isJson: boolean;
};

/** Changes the servers and prints what came of it. Throws BAL_SERVER_UNKNOWN. */
export async function changeServers(choice: ServerChoice, change: ServerChange): Promise<void> {
  const admin = await adminTarget(choice);
  const report = await sendChange(admin, choice.server, change);
  printReport(report, choice.isJson);
}

/** Asks for the change. */
export async function sendChange(
  admin: AdminTarget,
  server: string,
  change: ServerChange,
): Promise<ChangeReport> {
  const question = { method: 'PUT', path: pathOf(server), body: change };
  return (await ask(admin, question)) as ChangeReport;
}

/** The servers that a pattern means. Throws BAL_SERVER_UNKNOWN. */
export async function listServers(
  admin: AdminTarget,
  server: string,
): Promise<readonly NamedServer[]> {
  const body = await ask(admin, { method: 'GET', path: pathOf(server) });
  const list = body as NamedServer | { readonly servers: readonly NamedServer[] };
  return 'servers' in list ? list.servers : [list];
}

async function ask(admin: AdminTarget, question: AdminQuestion): Promise<unknown> {
  const { status, body } = await askAdmin(admin, question);
  if (status === 200) return body;
  const { error, code, hint } = body as Readonly<Record<string, string | undefined>>;
  // An older balancer knows nothing of servers: its error has no code.
  throw new BallastError(code ?? 'BAL_ADMIN_ANSWER', error ?? `the answer has status ${status}`, {
    ...(hint === undefined || hint === '' ? {} : { hint }),
  });
}

/** As one part, so that dots and slashes of a name are nothing but characters. */
function pathOf(server: string): string {
  return `/servers/${encodeURIComponent(server)}`;
}

/** What was done, to standard output; what to bear in mind, to standard error. */
export function printReport(report: ChangeReport, isJson: boolean): void {
  if (isJson) {
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return;
  }
  process.stdout.write(reportText(report));
  for (const warning of report.warnings) process.stderr.write(`ballast: warning: ${warning}\n`);
  const isPlain = report.servers.every(({ after: { operator, weight } }) => {
    return operator === 'ready' && weight === null;
  });
  if (report.isKept || isPlain) return;
  process.stderr.write(`ballast: not kept over a restart: ${report.kept}\n`);
}

/** One line for each server: what it is now, what it was, and what is left on it. */
export function reportText({ servers }: ChangeReport): string {
  const rows = servers
    .slice(0, PRINTED_MAX)
    .map((changed) => [
      `${changed.pool}/${changed.server}`,
      changeText(changed),
      leftText(changed.requestsLive),
    ]);
  const more = servers.length - rows.length;
  return tableText(rows) + (more > 0 ? `and ${more} more\n` : '');
}

function changeText({ before, after, weightBefore, weightAfter }: ChangedServer): string {
  const now = stateText(after);
  const was = stateText(before);
  const state = now === was ? `${now}, as before` : `${now}, was ${was}`;
  if (weightBefore === weightAfter && after.weight === null) return state;
  const change = weightBefore === weightAfter ? ', as before' : `, was ${weightBefore}`;
  return `${state}; weight ${weightAfter}${change}`;
}

function stateText({ state, by }: AdministrativeStatus): string {
  return by === 'agent' ? `${state} (by its agent)` : state;
}

/** Requests and sessions are counted alike. */
export function leftText(count: number): string {
  if (count === 0) return 'nothing left on it';
  return count === 1 ? '1 request or session left' : `${count} requests or sessions left`;
}
