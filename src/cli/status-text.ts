/** The status report as tables for people. */
import type { ConfigStatus } from '../control/history/config-report.ts';
import type {
  AdministrativeStatus,
  PoolStatus,
  ServerStatus,
  StatusReport,
} from '../control/status-report.ts';
import { addressText } from './address-text.ts';
import { certificatesText } from './certificates-text.ts';
import { ACME_COLOURS, ACME_WORD, acmeText } from './acme-text.ts';
import { BOLD, GREEN, PLAIN, RED, YELLOW } from './colours.ts';
import { durationText } from './duration-text.ts';
import { tableText } from './print.ts';

const STATE_COLOURS: Readonly<Record<string, string>> = {
  up: GREEN,
  falling: YELLOW,
  rising: YELLOW,
  unknown: YELLOW,
  down: RED,
  ejected: RED,
  drain: YELLOW,
  maintenance: YELLOW,
};

/** Routes shown; the rest are counted in one line, since there may be thousands. */
const ROUTES_SHOWN = 20;

/** Latest changes of servers' states that are shown. */
const CHANGES_SHOWN = 5;

/** All tables, one after the other. */
export function statusText(report: StatusReport, isColoured: boolean): string {
  const paint = (colour: string, text: string) =>
    isColoured && text !== '' ? `${colour}${text}${PLAIN}` : text;
  const title = (text: string) => paint(BOLD, text);
  const { version, state, uptimeSeconds, configuration, pid } = report;
  const { number, digest } = configuration;
  const begin =
    `${title('ballast')} ${version}  ${state} for ${durationText(uptimeSeconds)}  ` +
    `configuration ${number} (${digest.slice(0, 12)})  pid ${pid}\n`;
  const head = `${begin}${paint(YELLOW, onDiskText(configuration))}`;
  const parts = [head, workersText(report), listenersText(report), kernelText(report)];
  for (const pool of report.pools) {
    // Painting comes after the columns are laid out: colours have no width.
    parts.push(poolText(pool).replace(STATE_WORD, (word) => paint(STATE_COLOURS[word]!, word)));
  }
  parts.push(
    addressText(report.addresses),
    certificatesText(report.certificates),
    acmeText(report).replace(ACME_WORD, (word) => paint(ACME_COLOURS[word]!, word)),
    routesText(report),
    changesText(report),
    reloadText(report),
  );
  return parts
    .filter((part) => part !== '')
    .map((part) => part.replace(/^[A-Z]{4,}/, title))
    .join('\n');
}

/** A line where the file on the disk is not what is in force, else "". */
export function onDiskText({ onDisk, file, hint }: ConfigStatus): string {
  const words = { same: '', changed: 'is not what is in force', missing: 'is missing' };
  const text = onDisk === 'unreadable' ? 'cannot be read' : words[onDisk];
  return text === '' ? '' : `${file} ${text}: ${hint}\n`;
}

const STATE_WORD = /(?<= {2})(up|falling|rising|unknown|down|ejected|drain|maintenance)(?= )/g;

function workersText({ workers, workerRestarts }: StatusReport): string {
  const rows = workers.map((worker) => [
    String(worker.index),
    String(worker.pid),
    worker.state,
    String(worker.connections),
    `${worker.heartbeatAgeMs} ms`,
    `plan ${worker.planVersion}`,
  ]);
  const head = ['WORKER', 'PID', 'STATE', 'CONNECTIONS', 'SILENT', 'PLAN'];
  const restarts = workerRestarts === 0 ? '' : `replaced since the start: ${workerRestarts}\n`;
  return tableText([head, ...rows]) + restarts;
}

function listenersText({ listeners, kernelListeners }: StatusReport): string {
  if (listeners.length === 0 && kernelListeners.length > 0) return '';
  const rows = listeners.map((listener) => [
    listener.name,
    listener.addresses.join(' '),
    String(listener.connections),
    String(listener.requestsTotal),
  ]);
  return tableText([['LISTENER', 'ADDRESSES', 'CONNECTIONS', 'REQUESTS'], ...rows]);
}

function kernelText({ kernelListeners }: StatusReport): string {
  if (kernelListeners.length === 0) return '';
  const rows = kernelListeners.map(({ name, protocol, form, addresses, connections }) => [
    name,
    addresses.join(' '),
    `${protocol}, ${form}`,
    connections === null ? '-' : String(connections),
  ]);
  return tableText([['IN KERNEL', 'ADDRESSES', 'FORM', 'CONNECTIONS'], ...rows]);
}

function poolText(pool: PoolStatus): string {
  const head = ['POOL', 'SERVER', 'STATE', 'SINCE', 'ADMIN', 'WEIGHT', 'LIVE', 'IDLE', 'REQUESTS'];
  const rows = pool.servers.map((server, place) => [
    place === 0 ? pool.name : '',
    serverText(server),
    server.state,
    sinceText(server),
    adminText(server.administrative),
    weightText(server),
    String(server.requestsLive),
    String(server.idleConnections),
    String(server.requestsTotal),
    String(server.failuresTotal),
    server.state === 'up' ? '' : reasonText(server),
  ]);
  return tableText([[...head, 'FAILED', 'REASON'], ...rows]) + heldText(pool);
}

/** A name says its server's address already, where a server came by its name. */
function serverText({ name, address }: ServerStatus): string {
  return name === address || name.endsWith(`/${address}`) ? name : `${name} (${address})`;
}

/** Names that cannot be looked up now and whose last known servers serve on. */
function heldText({ names }: PoolStatus): string {
  const held = names.filter(({ state }) => state === 'holding');
  return held
    .map(({ name, reason, detail }) => `name ${name} as it was known last: ${reason}: ${detail}\n`)
    .join('');
}

/** What is asked of the server, and by whom if not by the operator. */
function adminText({ state, by }: AdministrativeStatus): string {
  return by === 'agent' ? `${state} (agent)` : state;
}

/** The weight in force, and the configured one where that is another. */
function weightText({ weight, weightEffective, backup }: ServerStatus): string {
  const text = weight === weightEffective ? String(weight) : `${weightEffective} (${weight})`;
  return backup ? `${text} backup` : text;
}

function reasonText({ reason, detail, ejected, state }: ServerStatus): string {
  const text = detail === '' ? reason : `${reason}: ${detail}`;
  if (state !== 'ejected' || ejected === null) return text;
  const seconds = Math.max(0, Math.ceil((Date.parse(ejected.until) - Date.now()) / 1_000));
  return `${text}, for ${durationText(seconds)} more`;
}

function sinceText({ since }: ServerStatus): string {
  return durationText(Math.max(0, Math.round((Date.now() - Date.parse(since)) / 1_000)));
}

function routesText({ routes }: StatusReport): string {
  const busiest = [...routes].sort((a, b) => b.requestsTotal - a.requestsTotal);
  const rows = busiest
    .slice(0, ROUTES_SHOWN)
    .map((route) => [`${route.listener}/${route.name}`, String(route.requestsTotal)]);
  const more = routes.length - rows.length;
  return tableText([['ROUTE', 'REQUESTS'], ...rows]) + (more > 0 ? `and ${more} more\n` : '');
}

function changesText({ recentEvents }: StatusReport): string {
  const rows = recentEvents
    .slice(-CHANGES_SHOWN)
    .map((event) => [
      event.time.slice(0, 'yyyy-mm-ddThh:mm:ss'.length),
      event.server,
      event.column,
      `${event.from} → ${event.to}`,
      event.detail === '' ? event.reason : `${event.reason}: ${event.detail}`,
    ]);
  if (rows.length === 0) return '';
  return tableText([['CHANGES', 'SERVER', 'COLUMN', 'CHANGE', 'REASON'], ...rows]);
}

function reloadText({ lastReload }: StatusReport): string {
  if (lastReload === null) return '';
  const { at, ok, message } = lastReload;
  return `last reload ${at}: ${ok ? '' : 'failed: '}${message}\n`;
}
