/** A listener of layer 4 with its routes, as the data plane runs it. */
import type { Termination } from '../tls/termination.ts';
import type { WeightedSplit } from '../../balance/weighted-split.ts';
import type { TcpListenerPlan, TcpRoutePlan } from '../../config/plan-layer4.ts';
import { compileServerNames } from '../../route/server-name-table.ts';
import type { ServerNameTable } from '../../route/server-name-table.ts';
import { jsonText } from '../json-text.ts';
import { slotStart } from '../meter-segment.ts';
import type { PoolRuntime } from '../runtime.ts';

/** Where sessions go. */
export class TcpRouteRuntime {
  readonly plan: TcpRoutePlan;
  readonly meter: number;
  /** `,"route":"key"` for the access log. */
  readonly logText: string;
  readonly pools: readonly PoolRuntime[];
  readonly split: WeightedSplit | null;

  constructor(plan: TcpRoutePlan, pools: readonly PoolRuntime[], split: WeightedSplit | null) {
    this.plan = plan;
    this.meter = slotStart(plan.slot);
    this.logText = `,"route":${jsonText(plan.key)}`;
    this.pools = pools;
    this.split = split;
  }

  /** The pool of the next session. */
  pickPool(): PoolRuntime {
    return this.split === null ? this.pools[0]! : this.pools[this.split.pick()]!;
  }
}

/** A listener of layer 4; sessions keep the one that they began with. */
export class TcpListenerRuntime {
  readonly plan: TcpListenerPlan;
  readonly meter: number;
  readonly routes: readonly TcpRouteRuntime[];
  /** Null where one route takes everything and no ClientHello has to be looked at. */
  readonly names: ServerNameTable | null;
  /** Networks whose connections begin with a PROXY header, as compileCidrList makes them. */
  readonly proxyFrom: Uint8Array | null;
  readonly logText: string;
  /** How TLS is ended on routes that do not pass it on; null ends none. Anew with the store. */
  termination: Termination | null = null;
  /** Not in the plan any more. */
  isRemoved = false;

  constructor(
    plan: TcpListenerPlan,
    routes: readonly TcpRouteRuntime[],
    proxyFrom: Uint8Array | null,
  ) {
    this.plan = plan;
    this.meter = slotStart(plan.slot);
    this.routes = routes;
    const looks = plan.routes.some((route) => route.sni.length > 0 || route.alpn.length > 0);
    this.names = looks ? compileServerNames(plan.routes) : null;
    this.proxyFrom = proxyFrom;
    this.logText = `,"listener":${jsonText(plan.key)}`;
  }
}
