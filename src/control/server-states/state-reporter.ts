/** Compares a server with what was told of it before, and tells of each column that differs. */
import type { Administrative } from '../../machine/health.ts';
import type { ProductLog } from '../product-log.ts';
import { verdictOf } from './columns.ts';
import type { ServerView } from './server-view.ts';
import type { StateEvents } from './state-events.ts';

/** Why a column changed: one word, and a sentence's worth for people. */
export type Cause = { readonly reason: string; readonly detail: string };

/** By column; the observed one has a reason of its own where none is given. */
export type Causes = { administrative?: Cause; observed?: Cause };

const ADMINISTRATIVE_LINE: Readonly<Record<Administrative, string>> = {
  ready: 'server is ready',
  drain: 'server is draining',
  maintenance: 'server is in maintenance',
};

/** What an agent's words about weight and limits are told with: too often for more. */
const AGENT: Cause = { reason: 'agent', detail: '' };

export class StateReporter {
  readonly #log: ProductLog;
  readonly #events: StateEvents;

  constructor(log: ProductLog, events: StateEvents) {
    this.#log = log;
    this.#events = events;
  }

  /** Log lines and events for what is different. */
  compare(before: ServerView, after: ServerView, causes: Causes): void {
    this.#configured(before, after);
    this.#administrative(before, after, causes.administrative ?? AGENT);
    this.#weight(before, after, causes.administrative ?? AGENT);
    this.#observed(before, after, causes.observed ?? after.observed);
  }

  /** A server that came with a new plan, or by its name. */
  added({ server }: ServerView): void {
    const cause = { reason: 'added', detail: '' };
    this.#event(server.key, 'configured', ['absent', weightText(server)], cause);
  }

  removed({ server }: ServerView): void {
    const cause = { reason: 'removed', detail: '' };
    this.#event(server.key, 'configured', [weightText(server), 'absent'], cause);
  }

  #configured(before: ServerView, after: ServerView): void {
    const change = [weightText(before.server), weightText(after.server)] as const;
    if (change[0] === change[1]) return;
    this.#event(after.server.key, 'configured', change, { reason: 'reload', detail: '' });
  }

  #administrative(before: ServerView, after: ServerView, cause: Cause): void {
    const from = before.combined.administrative;
    const administrative = after.combined.administrative;
    if (from === administrative) return;
    const { key: server } = after.server;
    const fields = { server, administrative, before: from, ...cause };
    this.#log.info(fields, ADMINISTRATIVE_LINE[administrative]);
    this.#event(server, 'administrative', [from, administrative], cause);
  }

  #weight(before: ServerView, after: ServerView, cause: Cause): void {
    if (before.weight === after.weight || before.server.weight !== after.server.weight) return;
    const { key: server } = after.server;
    const fields = { server, weight: after.weight, before: before.weight, ...cause };
    const isAgents = cause === AGENT;
    this.#log[isAgents ? 'debug' : 'info'](fields, 'server has another weight');
    if (isAgents) return;
    const change = [`weight ${before.weight}`, `weight ${after.weight}`] as const;
    this.#event(server, 'administrative', change, cause);
  }

  #observed(before: ServerView, after: ServerView, cause: Cause): void {
    const { state } = after.observed;
    const isConfirmed = isDownConfirmed(before, after);
    if (before.observed.state === state && !isConfirmed) return;
    const { reason, detail } = cause;
    const fields = { server: after.server.key, state, reason, detail };
    const change = [wordOf(before), wordOf(after)] as const;
    if (change[0] === change[1] && !isConfirmed) {
      this.#log.debug(fields, `server is ${state}`);
      return;
    }
    const isBad = change[1] === 'down' || change[1] === 'ejected';
    this.#log[isBad ? 'warn' : 'info'](fields, `server is ${change[1]}`);
    this.#event(after.server.key, 'observed', change, cause);
  }

  #event(
    server: string,
    column: 'configured' | 'administrative' | 'observed',
    [from, to]: readonly [string, string],
    { reason, detail }: Cause,
  ): void {
    this.#events.add({ server, column, from, to, reason, detail });
  }
}

/** Reasons without a verdict. */
function isAssumption(reason: string): boolean {
  return reason === 'not-probed' || reason === 'check-changed' || reason.startsWith('local-');
}

/** Whether a server that was only assumed to be down is, so that its first reason is told too. */
function isDownConfirmed(
  { observed: before }: ServerView,
  { observed: after }: ServerView,
): boolean {
  const isDown = before.state === 'down' && after.state === 'down';
  return isDown && isAssumption(before.reason) && !isAssumption(after.reason);
}

function wordOf({ observed }: ServerView): string {
  return observed.state === 'ejected' ? 'ejected' : verdictOf(observed.state);
}

function weightText({ weight, backup }: ServerView['server']): string {
  return backup ? `weight ${weight}, backup` : `weight ${weight}`;
}
