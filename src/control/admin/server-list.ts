/** A page of servers: found, ordered and cut here, so that ten thousand of them are no burden. */
import { LATENCY_BUCKETS, SERVER_METER } from '../../base/meters.ts';
import type { z } from '@hono/zod-openapi';
import { bindText } from '../../sys/sockets.ts';
import type { MetersReader } from '../meters-reader.ts';
import { serverStatus, type LiveCounts } from '../server-states/server-status.ts';
import type { ServerView } from '../server-states/server-view.ts';
import { takesNew } from '../server-states/server-view.ts';
import type { serverListSchema } from './schemas/servers.ts';

/** Servers of one answer. */
export const LIST_MAX = 500;

/** What a list can be asked for beside the words of the observed column. */
export const LIST_STATES = [
  'up',
  'down',
  'ejected',
  'unknown',
  'drain',
  'maintenance',
  'trouble',
] as const;

export type ServerQuery = {
  /** A text that the pool, the name, the address or the reason holds. */
  readonly text: string;
  readonly pool: string | null;
  readonly state: (typeof LIST_STATES)[number] | null;
  /** In the order of the plan, or what needs a look first. */
  readonly sort: 'plan' | 'trouble';
  readonly offset: number;
  readonly limit: number;
};

export type ServerList = z.output<typeof serverListSchema>;

/** Called for each GET /v1/servers. */
export function listServers(
  views: Iterable<ServerView>,
  counts: LiveCounts,
  query: ServerQuery,
): ServerList {
  const found: ServerView[] = [];
  for (const view of views) if (matches(view, query)) found.push(view);
  if (query.sort === 'trouble') {
    const ranks = new Map(found.map((view) => [view, rankOf(view)]));
    found.sort((a, b) => ranks.get(a)! - ranks.get(b)!);
  }
  const { offset, limit } = query;
  const servers = found.slice(offset, offset + limit).map((view) => ({
    pool: view.pool.key,
    ...serverStatus(view, counts),
    firstByte: firstByte(view.server.slot, counts.meters),
  }));
  return { total: found.length, offset, servers };
}

const US_PER_MS = 1_000;

function firstByte(slot: number, meters: MetersReader): { count: number; sumMs: number } {
  let count = 0;
  for (let i = 0; i < LATENCY_BUCKETS; i++) {
    count += meters.sum(slot, SERVER_METER.latencyBuckets + i);
  }
  return { count, sumMs: meters.sum(slot, SERVER_METER.latencySumUs) / US_PER_MS };
}

function matches(view: ServerView, { text, pool, state }: ServerQuery): boolean {
  if (pool !== null && view.pool.key !== pool) return false;
  if (state !== null && !isIn(view, state)) return false;
  if (text === '') return true;
  const { server, observed } = view;
  const wanted = text.toLowerCase();
  return [server.key, bindText(server.address), observed.reason].some((part) =>
    part.toLowerCase().includes(wanted),
  );
}

function isIn(view: ServerView, state: (typeof LIST_STATES)[number]): boolean {
  const observed = view.observed.state;
  switch (state) {
    case 'up':
      return observed === 'up' || observed === 'falling';
    case 'down':
      return observed === 'down' || observed === 'rising';
    case 'ejected':
    case 'unknown':
      return observed === state;
    case 'drain':
    case 'maintenance':
      return view.combined.administrative === state;
    case 'trouble':
      return rankOf(view) < RANK_WELL;
  }
}

const RANK_WELL = 4;

/** What needs a look comes first: failed, then on its way there, then taken out by hand. */
function rankOf(view: ServerView): number {
  const { state } = view.observed;
  const isAsked = view.combined.administrative !== 'ready';
  if (!isAsked && (state === 'down' || state === 'ejected')) return 0;
  if (state === 'rising' || state === 'falling') return 1;
  if (isAsked) return 2;
  return takesNew(view) ? RANK_WELL : 3;
}
