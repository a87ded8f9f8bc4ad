/** One sample: rates per second, and times in ms that are null where nothing was measured. */
export type TrafficPoint = {
  /** In ms since the epoch. */
  readonly time: number;
  readonly rate: number;
  readonly errorRate: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
};

/** The samples of one thing as columns, the oldest first. */
export type TrafficColumns = {
  readonly times: readonly number[];
  readonly rates: readonly number[];
  readonly errorRates: readonly number[];
  readonly p50Ms: readonly (number | null)[];
  readonly p95Ms: readonly (number | null)[];
  readonly p99Ms: readonly (number | null)[];
};

const WIDTH = 6;

/** The latest samples of one thing, in memory that never grows. */
export class TrafficRing {
  readonly #size: number;
  readonly #values: Float64Array;
  #count = 0;

  constructor(size: number) {
    this.#size = size;
    this.#values = new Float64Array(size * WIDTH);
  }

  push({ time, rate, errorRate, p50Ms, p95Ms, p99Ms }: TrafficPoint): void {
    const at = (this.#count % this.#size) * WIDTH;
    const times = [p50Ms, p95Ms, p99Ms].map((value) => value ?? NaN);
    this.#values.set([time, rate, errorRate, ...times], at);
    this.#count += 1;
  }

  /** Samples with a later time than `afterMs`. */
  columns(afterMs: number): TrafficColumns {
    const places: number[] = [];
    for (let n = Math.max(0, this.#count - this.#size); n < this.#count; n++) {
      const at = (n % this.#size) * WIDTH;
      if (this.#values[at]! > afterMs) places.push(at);
    }
    const column = (field: number): number[] => places.map((at) => this.#values[at + field]!);
    const rounded = (field: number): number[] => column(field).map((x) => round(x));
    const measured = (field: number): (number | null)[] =>
      column(field).map((x) => (Number.isNaN(x) ? null : round(x)));
    return {
      times: column(0),
      rates: rounded(1),
      errorRates: rounded(2),
      p50Ms: measured(3),
      p95Ms: measured(4),
      p99Ms: measured(5),
    };
  }
}

/** Three digits behind the point are enough for an eye, and shorter to send. */
function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
