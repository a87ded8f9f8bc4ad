/**
 * One order from its begin to the certificate (RFC 8555 §7.4):
 *
 *   order ─▶ authorisations ─▶ challenges in all workers ─▶ validated ─▶ finalised ─▶ certificate
 *
 * An order that a process before this one has begun is gone on with where it stands.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Authorization, Client, Order } from 'acme-client';
import type { AcmePlan } from '../../config/plan-tls.ts';
import { AcmeError } from './acme-error.ts';
import { newKey } from './accounts.ts';
import { challengeError, requestError } from './problem.ts';
import { NO_CHALLENGES, type Challenges, type PendingOrder } from './tries.ts';
import type { AcmeCalls, AcmeLibrary } from './transport.ts';

/** Waits between looks at what the directory works on: first and longest, in ms. */
const LOOK_MS = { first: 250, last: 10_000 };
/** Longest wait that a directory can ask for between two looks, in ms. */
const LOOK_ASKED_MS_MAX = 30_000;

export type OrderOptions = {
  readonly library: AcmeLibrary;
  readonly client: Client;
  readonly plan: AcmePlan;
  readonly calls: AcmeCalls;
  readonly pending: PendingOrder | null;
  /** Keeps the order, so that a later process can go on with it. */
  readonly keep: (pending: PendingOrder) => Promise<void>;
  /** Has the workers answer these challenges; resolves when all do. */
  readonly answer: (challenges: Challenges) => Promise<void>;
  /** What is waited for, in words, in case that it takes too long. */
  readonly note: (what: string) => void;
};

/** What an order gives, PEM. */
export type Obtained = { readonly chain: string; readonly privateKey: string };

/** Carries an order out. Rejects with AcmeError, or with what the library throws. */
export async function obtain(options: OrderOptions): Promise<Obtained> {
  const { client, note } = options;
  note('the order to be made');
  const { order, pending } = (await resume(options)) ?? (await create(options));
  const { privateKey } = pending;
  const ready = order.status === 'pending' ? await authorize(options, order, pending) : order;
  const valid = await finalize(options, ready, privateKey);
  note('the certificate to be given out');
  const chain = await client.getCertificate(valid);
  return { chain, privateKey };
}

type Begun = { readonly order: Order; readonly pending: PendingOrder };

async function create({ client, plan, keep }: OrderOptions): Promise<Begun> {
  const privateKey = await newKey(plan.keyType);
  const identifiers = plan.names.map((value) => ({ type: 'dns', value }));
  const order = await client.createOrder({ identifiers });
  const pending = { url: order.url, privateKey, challenges: NO_CHALLENGES, madeAt: Date.now() };
  await keep(pending);
  return { order, pending };
}

/** The pending order, where the directory still has it and it has not failed. */
async function resume({ client, pending }: OrderOptions): Promise<Begun | null> {
  if (pending === null) return null;
  try {
    const order = await client.getOrder({ url: pending.url } as Order);
    return order.status === 'invalid' ? null : { order, pending };
  } catch (error) {
    // Whatever the directory says against it: then there is none, and a new one is made.
    if (error instanceof AcmeError && error.scope === 'order') return null;
    throw error;
  }
}

/** Shows that the names are ours; resolves with the order when it may be finalised. */
async function authorize(
  options: OrderOptions,
  order: Order,
  pending: PendingOrder,
): Promise<Order> {
  const { client, plan, keep, answer, note } = options;
  note('the authorisations');
  const open = (await client.getAuthorizations(order)).filter(isOpen);
  const challenges = open.map((authorization) => challengeOf(authorization, plan));
  if (open.length > 0) {
    note('the workers to answer the challenges');
    const answers = await answersOf(options, open);
    await keep({ ...pending, challenges: answers });
    await answer(answers);
  }
  for (const challenge of challenges) {
    if (challenge.status === 'pending') await client.completeChallenge(challenge);
  }
  note(`the authority to verify the names by ${plan.challenge}`);
  await look(options, async () => {
    const all = await client.getAuthorizations(order);
    for (const authorization of all) throwIfRefused(authorization, plan);
    return all.every(({ status }) => status === 'valid') ? true : null;
  });
  note('the authority to take note that all names are verified');
  return look(options, async () => settled(await client.getOrder(order), 'pending'));
}

/** Has the certificate made; resolves with the order that has it. */
async function finalize(options: OrderOptions, order: Order, privateKey: string): Promise<Order> {
  const { library, client, plan, note } = options;
  note('the authority to make the certificate');
  if (order.status === 'ready') {
    const [, request] = await library.crypto.createCsr({ altNames: [...plan.names] }, privateKey);
    await client.finalizeOrder(order, request).catch(throwUnlessFinalized);
  }
  return look(options, async () => {
    const now = settled(await client.getOrder(order), 'processing');
    return now?.status === 'valid' ? now : null;
  });
}

/** While one process takes over from another, both may be at it, with the same key. */
function throwUnlessFinalized(error: unknown): void {
  if (!(error instanceof AcmeError) || error.problem !== 'orderNotReady') throw error;
}

/** The order unless it is still in that status; throws where it has failed. */
function settled(order: Order, unsettled: Order['status']): Order | null {
  if (order.status !== 'invalid') return order.status === unsettled ? null : order;
  const body = (order as { readonly error?: unknown }).error ?? {
    type: '',
    detail: 'the order has become invalid, and no reason is given',
  };
  throw requestError({ url: order.url, status: 403, body, retryAfterMs: 0 });
}

function isOpen({ status }: Authorization): boolean {
  return status === 'pending';
}

type Challenge = Authorization['challenges'][number];

function challengeOf({ challenges, identifier }: Authorization, plan: AcmePlan): Challenge {
  const found = challenges.find(({ type }) => type === plan.challenge);
  if (found !== undefined) return found;
  const offered = challenges.map(({ type }) => type).join(', ');
  const what = `the authority does not verify "${identifier.value}" by ${plan.challenge}`;
  throw new AcmeError('BAL_ACME_REFUSED', what, { hint: `it offers ${offered}` });
}

function throwIfRefused(authorization: Authorization, plan: AcmePlan): void {
  const { status, challenges, identifier } = authorization;
  if (status === 'valid' || status === 'pending') return;
  const failed = challenges.find((challenge) => 'error' in challenge);
  const error = failed?.error ?? { type: '', detail: `the authorisation is ${status}` };
  throw challengeError(identifier.value, plan.challenge, error);
}

/** What the workers are to answer to these authorisations. */
async function answersOf(options: OrderOptions, open: Authorization[]): Promise<Challenges> {
  const { library, client, plan } = options;
  const http: Challenges['http'][number][] = [];
  const tls: Challenges['tls'][number][] = [];
  for (const authorization of open) {
    const challenge = challengeOf(authorization, plan);
    const answer = await client.getChallengeKeyAuthorization(challenge);
    if (plan.challenge === 'http-01') {
      http.push({ token: challenge.token, answer });
      continue;
    }
    const { createAlpnCertificate } = library.crypto;
    const [key, chain] = await createAlpnCertificate(authorization, answer, await newKey('ecdsa'));
    const name = authorization.identifier.value;
    tls.push({ name, chain: chain.toString(), privateKey: key.toString() });
  }
  return { http, tls };
}

/** Asks again and again until there is something; how often is up to the directory, within bounds. */
async function look<T>({ calls }: OrderOptions, ask: () => Promise<T | null>): Promise<T> {
  for (let waitMs = LOOK_MS.first; ; waitMs = Math.min(waitMs * 2, LOOK_MS.last)) {
    calls.retryAfterMs = 0;
    const found = await ask();
    if (found !== null) return found;
    const askedMs = Math.min(calls.retryAfterMs, LOOK_ASKED_MS_MAX);
    await pause(Math.max(waitMs, askedMs));
  }
}
