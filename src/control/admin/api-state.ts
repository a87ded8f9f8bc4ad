/** What the supervisor keeps for the API below /v1 alone: the last minutes, and who follows events. */
import type { Plan } from '../../config/plan.ts';
import type { ApiView, ControlParts } from '../control-view.ts';
import type { HealthBoard } from '../health-board.ts';
import type { MetersReader } from '../meters-reader.ts';
import { EventStreams } from './event-stream.ts';
import { buildOverview } from './overview.ts';
import { listRoutes } from './route-list.ts';
import { listServers } from './server-list.ts';
import { TrafficBook } from './traffic.ts';

export type ApiStateParts = {
  readonly plan: () => Plan | null;
  readonly meters: MetersReader;
  readonly health: HealthBoard;
  /** In ms since the epoch. */
  readonly startedAt: number;
  /** Drains and ends the program. */
  readonly end: () => void;
};

export class ApiState {
  readonly #parts: ApiStateParts;
  readonly #traffic: TrafficBook;
  readonly #streams: EventStreams;
  #isAskedToDrain = false;

  constructor(parts: ApiStateParts) {
    const { plan, meters, health, startedAt } = parts;
    this.#parts = parts;
    this.#traffic = new TrafficBook(plan, meters);
    this.#streams = new EventStreams(health.events.book, startedAt);
  }

  /** Remembers what passes from now on. */
  start(): void {
    this.#traffic.start();
  }

  stop(): void {
    this.#traffic.stop();
    this.#streams.closeAll();
  }

  #drain({ plan, isDraining }: ControlParts): number {
    // A second request must not end it at once, as a second signal would.
    if (!isDraining && !this.#isAskedToDrain) this.#parts.end();
    this.#isAskedToDrain = true;
    return plan.drainMs;
  }

  /** What the routes see; `parts` gives the present. */
  view(parts: () => ControlParts): ApiView {
    const { health, meters } = this.#parts;
    return {
      overview: () => buildOverview(parts(), this.#traffic),
      listServers: (query) => {
        return listServers(health.views(), { meters, kernel: parts().floating.kernel }, query);
      },
      listRoutes: (query) => listRoutes(parts().plan, meters, query),
      drain: () => this.#drain(parts()),
      traffic: this.#traffic,
      events: health.events.book,
      streams: this.#streams,
    };
  }
}
