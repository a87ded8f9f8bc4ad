import type { ConfigPath, Report } from '../diagnostic.ts';
import type { Config } from '../schema.ts';
import type { HttpListenerConfig } from '../schema/listener-http.ts';
import type { ListenerConfig } from '../schema/listener.ts';
import { tlsSettings } from '../schema/termination.ts';

/**
 * What a rule looks at: the configuration with its defaults, without the parts that the schema
 * refused. Paths are those of this configuration.
 */
export type RuleContext = {
  readonly config: Config;
  readonly report: Report;
  /** Names in the file, those included whose value the schema refused. */
  readonly names: {
    readonly listeners: readonly string[];
    readonly pools: readonly string[];
    readonly certificates: readonly string[];
    /** The same names as `certificates`, to be looked up. */
    readonly certificateSet: ReadonlySet<string>;
    /** The same names as `pools`, to be looked up. */
    readonly poolSet: ReadonlySet<string>;
  };
  /** Folder of what must outlive a crash; null where nothing is kept. */
  readonly stateFolder: string | null;
  /** See `LoadOptions`. */
  readonly isRehearsal: boolean;
  /** Whether the part at `path` is complete: nothing at or below it was refused. */
  readonly isWhole: (path: ConfigPath) => boolean;
  /** Whether the file itself has something at `path`: a default alone does not count. */
  readonly isGiven: (path: ConfigPath) => boolean;
};

/** A check of something that one key alone cannot tell. Runs once per load. */
export type Rule = (context: RuleContext) => void;

/** The listeners for HTTP and their names. */
export function httpListeners(config: Config): [string, HttpListenerConfig][] {
  const all = Object.entries(config.listeners);
  return all.filter((entry): entry is [string, HttpListenerConfig] => entry[1].protocol === 'http');
}

/** What routes of every protocol have. */
type AnyRoute = {
  readonly name?: string | undefined;
  readonly pool?: string | undefined;
  readonly pools?: readonly { readonly pool: string; readonly weight: number }[] | undefined;
  readonly sni?: readonly string[] | undefined;
  readonly alpn?: readonly string[] | undefined;
  readonly passthrough?: boolean | undefined;
};

/** The routes of a listener of any protocol, its own `pool` left aside. */
export function routesOf(listener: ListenerConfig): readonly AnyRoute[] {
  return listener.protocol === 'udp' ? [] : (listener.routes ?? []);
}

/** The key of a listener that stands for one last route; null where it has none. */
export function lastRouteKey(listener: ListenerConfig): 'pool' | 'redirectToHttps' | null {
  if (listener.pool !== undefined) return 'pool';
  const redirects = listener.protocol === 'http' && listener.redirectToHttps !== false;
  return redirects ? 'redirectToHttps' : null;
}

/** A place where a pool is named as the one to send to. */
export type PoolUse = {
  readonly pool: string;
  readonly path: ConfigPath;
  /** Name of the listener. */
  readonly listener: string;
  readonly protocol: ListenerConfig['protocol'];
  /** Whether what is sent is TLS of the client, as it came. */
  readonly passesTls: boolean;
};

function passesTls(listener: ListenerConfig, { sni, alpn, passthrough }: AnyRoute): boolean {
  if (listener.protocol !== 'tcp') return false;
  const looksInside = sni !== undefined || alpn !== undefined;
  return tlsSettings(listener.tls, 'tcp') === null ? looksInside : passthrough === true;
}

/** All places where listeners and routes name pools. */
export function* poolUses(config: Config): Generator<PoolUse> {
  for (const [name, listener] of Object.entries(config.listeners)) {
    const base = { listener: name, protocol: listener.protocol };
    const path: ConfigPath = ['listeners', name];
    if (listener.pool !== undefined) {
      yield { ...base, passesTls: false, pool: listener.pool, path: [...path, 'pool'] };
    }
    for (const [i, route] of routesOf(listener).entries()) {
      const at = [...path, 'routes', i];
      const use = { ...base, passesTls: passesTls(listener, route) };
      if (route.pool !== undefined) yield { ...use, pool: route.pool, path: [...at, 'pool'] };
      for (const [j, share] of (route.pools ?? []).entries()) {
        yield { ...use, pool: share.pool, path: [...at, 'pools', j, 'pool'] };
      }
    }
  }
}
