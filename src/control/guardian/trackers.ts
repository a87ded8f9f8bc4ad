/** What decides about floating addresses and is seen by the supervisor: scripts, files, pools. */
import { readFileSync } from 'node:fs';
import type { Plan } from '../../config/plan.ts';
import type { TrackPlan } from '../../config/plan-addresses.ts';
import type { TrackVerdict } from '../../guard/guard-protocol.ts';
import type { ServerHealthFrame } from '../../plane/worker-protocol.ts';
import { ScriptTracker } from './script-tracker.ts';

/** Files and pools are looked at so often, in ms. */
const LOOK_MS = 100;

export type TrackersOptions = {
  readonly frames: () => readonly ServerHealthFrame[];
  readonly tell: (tracks: Readonly<Record<string, TrackVerdict>>) => void;
};

export class Trackers {
  readonly #options: TrackersOptions;
  readonly #scripts = new Map<string, ScriptTracker>();
  #tracks: readonly TrackPlan[] = [];
  #plan: Plan | null = null;
  #timer: NodeJS.Timeout | null = null;
  #told = '';

  constructor(options: TrackersOptions) {
    this.#options = options;
  }

  /** Looks at what a plan names from now on. */
  use(plan: Plan): void {
    this.#plan = plan;
    this.#tracks = plan.addresses.flatMap(({ tracks }) => tracks);
    const wanted = new Map<string, Extract<TrackPlan, { kind: 'script' }>>();
    for (const track of this.#tracks) {
      if (track.kind === 'script') wanted.set(JSON.stringify(track), track);
    }
    for (const [id, script] of this.#scripts) {
      if (wanted.has(id)) continue;
      script.stop();
      this.#scripts.delete(id);
    }
    for (const [id, track] of wanted) {
      if (!this.#scripts.has(id))
        this.#scripts.set(id, new ScriptTracker(track, () => this.#look()));
    }
    const needsLook = this.#tracks.length > 0;
    if (needsLook) this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
    else this.#stopLooking();
    this.#look();
  }

  stop(): void {
    this.#stopLooking();
    for (const script of this.#scripts.values()) script.stop();
    this.#scripts.clear();
  }

  #stopLooking(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    const tracks: Record<string, TrackVerdict> = {};
    for (const track of this.#tracks) {
      const verdict = this.#verdict(track);
      if (verdict !== null) tracks[track.key] = verdict;
    }
    const text = JSON.stringify(tracks);
    if (text === this.#told) return;
    this.#told = text;
    this.#options.tell(tracks);
  }

  #verdict(track: TrackPlan): TrackVerdict | null {
    switch (track.kind) {
      case 'script':
        return this.#scripts.get(JSON.stringify(track))?.verdict ?? null;
      case 'file':
        return fileVerdict(track.path);
      case 'pool':
        return this.#poolVerdict(track.pool, track.minUp);
      default:
        return null;
    }
  }

  #poolVerdict(name: string, minUp: number): TrackVerdict {
    const pool = this.#plan?.pools.find(({ key }) => key === name);
    const keys = new Set(pool?.servers.map(({ key }) => key));
    const all = this.#options.frames().filter(({ key }) => keys.has(key));
    const up = all.filter(
      ({ state, administrative }) => state !== 'down' && administrative === 'ready',
    ).length;
    return { isWell: up >= minUp, seen: `${up} of ${keys.size} servers up, ${minUp} needed` };
  }
}

/** A file is well while it is there, unless it says 0. */
function fileVerdict(path: string): TrackVerdict {
  try {
    const text = readFileSync(path, 'latin1').slice(0, 16).trim();
    const seen = text === '' ? 'is there' : `says ${text}`;
    return { isWell: text !== '0', seen };
  } catch {
    return { isWell: false, seen: 'is not there' };
  }
}
