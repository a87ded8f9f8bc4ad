import { setMaxListeners } from 'node:events';
import { performance } from 'node:perf_hooks';
import type { BindPlan, ResolverPlan } from '../../config/plan.ts';
import { askServer } from './ask-server.ts';
import type { ServerAnswer } from './ask-server.ts';
import { parseHosts } from './hosts-file.ts';
import type { Outcome, Question } from './question.ts';
import { ADDRESSES_MAX, isServerAddress, readAnswer } from './read-answer.ts';
import type { AnswerRead, Followed } from './read-answer.ts';
import { parseResolvConf } from './resolv-conf.ts';
import { WatchedFile } from './watched-file.ts';

/** Questions that are asked at once; further ones wait for their turn. */
export const QUESTIONS_AT_ONCE_MAX = 64;
/** What the hosts file says counts as this fresh: a change of it is seen soon. */
export const HOSTS_TTL_MS = 5_000;

/** Files of the system; a test puts its own in their place. */
export type ResolverFiles = { readonly resolvConf: string; readonly hosts: string };

const SYSTEM_FILES: ResolverFiles = { resolvConf: '/etc/resolv.conf', hosts: '/etc/hosts' };

/** What of a resolver's plan decides whom is asked. */
export type ResolverSettings = Pick<ResolverPlan, 'servers' | 'timeoutMs'>;

/**
 * Looks names up: in the hosts file, then at the name servers in turn, beginning with the one that
 * answered last. Lives in the supervisor, through all reloads.
 */
export class Resolver {
  readonly #hosts: WatchedFile<ReturnType<typeof parseHosts>>;
  readonly #resolvConf: WatchedFile<readonly BindPlan[]>;
  readonly #stopped = new AbortController();
  readonly #waiting: (() => void)[] = [];
  #settings: ResolverSettings = { servers: [], timeoutMs: 2_000 };
  #running = 0;
  /** Place of the server that answered last in the list that is in use. */
  #first = 0;

  constructor(files: ResolverFiles = SYSTEM_FILES) {
    this.#hosts = new WatchedFile(files.hosts, parseHosts);
    this.#resolvConf = new WatchedFile(files.resolvConf, parseResolvConf);
    // One for each question that is being asked.
    setMaxListeners(QUESTIONS_AT_ONCE_MAX, this.#stopped.signal);
  }

  /** Whom to ask from now on. Questions under way go on as they began. */
  configure(settings: ResolverSettings): void {
    this.#settings = settings;
    this.#first = 0;
  }

  /** Questions that are being asked now. */
  get running(): number {
    return this.#running;
  }

  /**
   * Answers one question. Never rejects; takes at most as long as all servers' time limits over UDP
   * and TCP, times the aliases, beside the wait for its turn. What it says after `stop` has no
   * meaning.
   */
  async lookup(question: Question): Promise<Outcome> {
    await this.#turn();
    try {
      return this.#fromHosts(question) ?? (await this.#fromServers(question));
    } finally {
      // The turn goes to the next in line, or back.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  /** Ends all questions. */
  stop(): void {
    this.#stopped.abort();
  }

  async #turn(): Promise<void> {
    if (this.#running < QUESTIONS_AT_ONCE_MAX) {
      this.#running += 1;
      return;
    }
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** A name that is in the file is not asked for elsewhere, whatever its families. */
  #fromHosts({ host, type }: Question): Outcome | null {
    if (type === 'SRV') return null;
    const addresses = this.#hosts.value(performance.now()).get(host);
    if (addresses === undefined) return null;
    const isWanted = (address: string): boolean =>
      address.includes(':') === (type === 'AAAA') && isServerAddress(address);
    const records = addresses
      .filter(isWanted)
      .sort()
      .slice(0, ADDRESSES_MAX)
      .map((address) => ({ kind: 'address', address }) as const);
    if (records.length > 0) return { kind: 'records', records, ttlMs: HOSTS_TTL_MS, left: 0 };
    const detail = `the hosts file has no ${type} address of ${host}`;
    return { kind: 'empty', reason: 'name-no-records', detail, ttlMs: HOSTS_TTL_MS };
  }

  async #fromServers(question: Question): Promise<Outcome> {
    let asked = question;
    let followed: Followed | undefined;
    for (;;) {
      const read = await this.#inTurn(asked, followed);
      if (read.kind !== 'alias') return read;
      // Bounded: readAnswer counts the aliases of all answers together.
      asked = { ...question, host: read.host };
      followed = read;
    }
  }

  /** Asks one server after the other until one gives an answer that says something. */
  async #inTurn(question: Question, followed: Followed | undefined): Promise<AnswerRead> {
    const { servers, timeoutMs } = this.#settings;
    const list = servers.length > 0 ? servers : this.#resolvConf.value(performance.now());
    const { signal } = this.#stopped;
    const first = this.#first % list.length;
    let worst: AnswerRead | null = null;
    for (let i = 0; i < list.length && !signal.aborted; i++) {
      const place = (first + i) % list.length;
      const server = list[place]!;
      const answer = await askServer({ server, ...question, timeoutMs, signal });
      const read = readServerAnswer(answer, question, followed);
      if (read.kind !== 'failed') {
        this.#first = place;
        return read;
      }
      worst = worst === null || worst.reason === 'name-no-answer' ? read : worst;
    }
    return worst ?? { kind: 'failed', reason: 'name-no-answer', detail: 'looking up was ended' };
  }
}

function readServerAnswer(
  answer: ServerAnswer,
  question: Question,
  followed: Followed | undefined,
): AnswerRead {
  if (answer.kind === 'none') {
    return { kind: 'failed', reason: answer.reason, detail: answer.detail };
  }
  return readAnswer(answer.message, question, followed);
}
