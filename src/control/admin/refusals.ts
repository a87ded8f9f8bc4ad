/** Counts refused tokens by client, so that nobody can try many. */

/** Refusals within the window after which a client is not listened to. */
export const REFUSALS_MAX = 10;
/** How long a refusal counts, in ms. */
export const REFUSALS_WINDOW_MS = 60_000;
/** Clients that are remembered; the one that was refused first goes first. */
export const CLIENTS_MAX = 1_000;

type Client = { count: number; readonly sinceMs: number };

export class Refusals {
  readonly #clients = new Map<string, Client>();

  /** For how long the client is not listened to, in ms; 0 where it is. */
  waitMs(client: string, nowMs: number): number {
    const found = this.#clients.get(client);
    if (found === undefined) return 0;
    const leftMs = found.sinceMs + REFUSALS_WINDOW_MS - nowMs;
    if (leftMs > 0) return found.count >= REFUSALS_MAX ? leftMs : 0;
    this.#clients.delete(client);
    return 0;
  }

  /** Notes a refusal; returns how many of the client count now. */
  note(client: string, nowMs: number): number {
    this.waitMs(client, nowMs);
    const found = this.#clients.get(client) ?? { count: 0, sinceMs: nowMs };
    found.count += 1;
    this.#clients.set(client, found);
    if (this.#clients.size > CLIENTS_MAX) {
      this.#clients.delete(this.#clients.keys().next().value!);
    }
    return found.count;
  }
}
