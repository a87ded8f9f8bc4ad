/** Tries every address of a plan, for a moment. */
import { BallastError } from '../../../base/errors.ts';
import type { BindPlan, Plan } from '../../../config/plan.ts';
import { openDatagramListener } from '../../../sys/datagram-sockets.ts';
import { bindText, closeFd, ListenError, tryToBind } from '../../../sys/sockets.ts';
import { explainListenError } from '../../system/listen-advice.ts';
import { holdersOf, type SocketKind } from '../../system/socket-holders.ts';
import type { BindFact } from '../facts.ts';

type Wanted = {
  readonly user: string;
  readonly bind: BindPlan;
  readonly kind: SocketKind;
  readonly freebind: boolean;
};

/** `ours` is the supervisor that runs this plan, or 0: what it holds is as it should be. */
export function bindFacts(plan: Plan, ours: number): BindFact[] {
  return [...wantedOf(plan)]
    .filter(({ bind }) => bind.family === 'unix' || bind.port !== 0)
    .map((wanted) => {
      const { user, bind } = wanted;
      return { user, text: bindText(bind), port: bind.port, ...outcome(wanted, ours) };
    });
}

function* wantedOf(plan: Plan): Generator<Wanted> {
  for (const { key, protocol, binds, freebind } of plan.listeners) {
    const kind = protocol === 'udp' ? 'datagrams' : 'stream';
    for (const bind of binds) yield { user: key, bind, kind, freebind };
  }
  if (plan.admin === null) return;
  yield { user: 'admin', bind: plan.admin, kind: 'stream', freebind: false };
}

type Outcome = Pick<BindFact, 'state' | 'code' | 'reason' | 'hint'>;

const FREE: Outcome = { state: 'free', code: '', reason: '', hint: '' };

function outcome({ bind, kind, freebind }: Wanted, ours: number): Outcome {
  try {
    if (bind.family === 'unix') return socketOutcome(bind, ours);
    if (kind === 'stream') tryToBind(bind, { freebind });
    else closeFd(openDatagramListener(bind, { joins: false, freebind }));
    return FREE;
  } catch (error) {
    if (!(error instanceof BallastError)) throw error;
    if (isOurs(bind, kind, ours)) return { ...FREE, state: 'ours' };
    const { code, message, hint } =
      error instanceof ListenError ? explainListenError(error, kind) : error;
    return { state: 'refused', code, reason: message.replace(/^.*?: /, ''), hint: hint ?? '' };
  }
}

/** To bind to a path would make its file: the folder is for other checks, this looks who listens. */
function socketOutcome(bind: BindPlan, ours: number): Outcome {
  const { holders } = holdersOf(bind, 'stream');
  if (holders.length === 0) return FREE;
  if (isOurs(bind, 'stream', ours)) return { ...FREE, state: 'ours' };
  const [{ pid, command }] = holders as [(typeof holders)[0]];
  const reason = `address in use by pid ${pid} (${command})`;
  return { state: 'refused', code: 'BAL_LISTEN_IN_USE', reason, hint: 'stop it, or another path' };
}

/** Processes of Ballast cannot be looked into by others than root: then it is a good guess. */
function isOurs(bind: BindPlan, kind: SocketKind, ours: number): boolean {
  return ours !== 0 && holdersOf(bind, kind).holders.some(({ pid }) => pid === ours);
}
