/** Connects through the listeners that an address carries, again and again. */
import type { Timer } from '../base/timer-heap.ts';
import type { DataPathPlan, DataPathTarget } from '../config/plan-addresses.ts';
import type { Reactor } from './reactor.ts';
import { ServiceProbe, type ServiceOutcome } from './service-probe.ts';

const LOOPBACK = { ipv4: '127.0.0.1', ipv6: '::1', unix: '' } as const;
const ANY = new Set(['0.0.0.0', '::']);

/** Between two looks in doubt, in ms. */
const DOUBT_EVERY_MS = 20;

type Verdict = { isWell: boolean; inRow: number };

export class DataPath {
  readonly #reactor: Reactor;
  readonly #plan: DataPathPlan;
  readonly #onChange: () => void;
  readonly #probes = new Set<ServiceProbe>();
  readonly #verdicts = new Map<string, Verdict>();
  #timer: Timer | null = null;
  #doubtMs = -Infinity;
  #isHolding = false;

  constructor(reactor: Reactor, plan: DataPathPlan, onChange: () => void) {
    this.#reactor = reactor;
    this.#plan = plan;
    this.#onChange = onChange;
    this.#timer = reactor.after(plan.everyMs, () => this.#look());
  }

  /** By listener, of those that can be looked at now. */
  get verdicts(): ReadonlyMap<string, boolean> {
    return new Map([...this.#verdicts].map(([listener, { isWell }]) => [listener, isWell]));
  }

  /** The address itself can be connected to only where it is. */
  setHolding(isHolding: boolean): void {
    if (this.#isHolding === isHolding) return;
    this.#isHolding = isHolding;
    for (const listener of this.#verdicts.keys()) {
      if (!this.#targets().some((target) => target.listener === listener)) {
        this.#verdicts.delete(listener);
      }
    }
  }

  /** Looks at once, beside its turns: who refuses while the workers are silent has ended. */
  doubt(): void {
    const { nowMs } = this.#reactor;
    if (!this.#isHolding || nowMs - this.#doubtMs < DOUBT_EVERY_MS) return;
    this.#doubtMs = nowMs;
    for (const target of this.#targets()) {
      this.#probe(target, (outcome) => {
        const verdict = this.#verdicts.get(target.listener);
        if (outcome !== 'refused' || verdict?.isWell === false) return;
        this.#verdicts.set(target.listener, { isWell: false, inRow: 0 });
        this.#onChange();
      });
    }
  }

  close(): void {
    this.#reactor.cancel(this.#timer);
    for (const probe of this.#probes) probe.close();
    this.#probes.clear();
  }

  #targets(): DataPathTarget[] {
    return (
      this.#plan.listeners
        .filter(({ bind }) => this.#isHolding || ANY.has(bind.host))
        // A connection alone: requests would fill the access log.
        .map((target) => ({ ...target, bind: reachable(target), speaksHttp: false }))
    );
  }

  #look(): void {
    for (const target of this.#targets()) {
      this.#probe(target, (outcome) => this.#take(target.listener, outcome === 'ok'));
    }
    this.#timer = this.#reactor.after(this.#plan.everyMs, () => this.#look());
  }

  #probe(target: DataPathTarget, onEnd: (outcome: ServiceOutcome) => void): void {
    let isOver = false;
    const end = (outcome: ServiceOutcome): void => {
      isOver = true;
      if (probe !== null) this.#probes.delete(probe);
      onEnd(outcome);
    };
    let probe: ServiceProbe | null = null;
    probe = new ServiceProbe(this.#reactor, [target], this.#plan.timeoutMs, end);
    // A refusal may come before the constructor returns.
    if (!isOver) this.#probes.add(probe);
  }

  /** `inRow` counts outcomes that speak against the verdict. */
  #take(listener: string, isWell: boolean): void {
    const verdict = this.#verdicts.get(listener);
    if (verdict === undefined) {
      this.#verdicts.set(listener, { isWell: true, inRow: isWell ? 0 : 1 });
      return;
    }
    if (isWell === verdict.isWell) {
      verdict.inRow = 0;
      return;
    }
    verdict.inRow++;
    if (verdict.inRow < (isWell ? this.#plan.rise : this.#plan.fall)) return;
    verdict.isWell = isWell;
    verdict.inRow = 0;
    this.#onChange();
  }
}

function reachable({ bind }: DataPathTarget): DataPathTarget['bind'] {
  return ANY.has(bind.host) ? { ...bind, host: LOOPBACK[bind.family] } : bind;
}
