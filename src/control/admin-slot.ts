/** The admin server in force, where there is one, and how another takes its place. */
import type { Plan } from '../config/plan.ts';
import { AdminServer } from './admin-server.ts';
import type { ControlView } from './control-view.ts';
import type { ProductLog } from './product-log.ts';

/** The old admin server answers this long after its successor has taken over, in ms. */
const ADMIN_LINGER_MS = 200;

export class AdminSlot {
  readonly #view: () => ControlView;
  readonly #log: ProductLog;
  #server: AdminServer | null = null;

  /** `view` is asked for when a server is opened. */
  constructor(view: () => ControlView, log: ProductLog) {
    this.#view = view;
    this.#log = log;
  }

  /** Where it listens; null when there is none. */
  get address(): string | null {
    return this.#server?.address ?? null;
  }

  /** The one in force. */
  get server(): AdminServer | null {
    return this.#server;
  }

  /**
   * Opens the admin server of a plan, on a socket that listens already where one is given; null
   * where it has none. Throws as `AdminServer.open`.
   */
  async open({ admin: plan }: Plan, given?: number): Promise<AdminServer | null> {
    if (plan === null) return null;
    const [view, log, before] = [this.#view(), this.#log, this.#server];
    const socket = given === undefined ? {} : { given };
    return AdminServer.open({ plan, view, log, before, ...socket });
  }

  /** Puts an admin server, or none, in the place of the one before. */
  use(server: AdminServer | null): void {
    const before = this.#server;
    this.#server = server;
    server?.settled();
    // A reload may have been asked for through the old one: its answer is still to be sent.
    if (before !== null) setTimeout(() => void before.close(), ADMIN_LINGER_MS);
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }
}
