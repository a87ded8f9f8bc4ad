import { stat } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';
import type { TlsProbePlan } from '../../config/plan-check.ts';
import { believeUsualRoots } from '../certificates/roots.ts';
import { readSmallFile } from './small-file.ts';
import type { SmallFile } from './small-file.ts';

/** Bytes of one PEM file. */
export const PEM_BYTES_MAX = 1024 * 1024;
/** Files are looked at again after this time, and read again where they have changed. */
const RECHECK_MS = 1000;
/** Different TLS settings kept at once; the one that was used longest ago goes first. */
const MATERIALS_MAX = 256;

/** What TLS towards a server is made with; parts that are not configured are undefined. */
export type TlsMaterial = {
  readonly ca: Buffer | undefined;
  readonly cert: Buffer | undefined;
  readonly key: Buffer | undefined;
  /** The three above, parsed: for `secureContext` of `tls.connect`. */
  readonly context: SecureContext;
};

/** The material, or a text that says what is wrong with the files. */
export type TlsLoad =
  | { readonly ok: true; readonly material: TlsMaterial }
  | { readonly ok: false; readonly detail: string };

type Entry = { load: Promise<TlsLoad>; stamp: string; checkedAtMs: number };

const entries = new Map<string, Entry>();

/**
 * Certificates and keys of a check, from a cache that follows the files' times of change. Files
 * that cannot be read, or do not parse, are a fault of this machine (`local-setup`). Never throws.
 * Called once per probe over TLS.
 */
export async function tlsMaterial(plan: TlsProbePlan, now = performance.now()): Promise<TlsLoad> {
  const id = `${plan.caFile}\n${plan.certFile}\n${plan.keyFile}`;
  const old = entries.get(id);
  if (old !== undefined && now - old.checkedAtMs < RECHECK_MS) {
    entries.delete(id);
    entries.set(id, old);
    return old.load;
  }
  const stamp = await stampOf(plan);
  const entry = entries.get(id);
  if (entry !== undefined && entry.stamp === stamp) {
    entry.checkedAtMs = now;
    return entry.load;
  }
  const load = loadMaterial(plan);
  entries.delete(id);
  entries.set(id, { load, stamp, checkedAtMs: now });
  if (entries.size > MATERIALS_MAX) entries.delete(entries.keys().next().value!);
  return load;
}

/** What changes when a file does. */
async function stampOf(plan: TlsProbePlan): Promise<string> {
  const stamps = [plan.caFile, plan.certFile, plan.keyFile].map(async (path) => {
    if (path === '') return '';
    try {
      const info = await stat(path, { bigint: true });
      return `${info.ino} ${info.size} ${info.mtimeNs} ${info.ctimeNs}`;
    } catch {
      return 'missing';
    }
  });
  return (await Promise.all(stamps)).join('\n');
}

async function loadMaterial(plan: TlsProbePlan): Promise<TlsLoad> {
  const files = await Promise.all([
    pemFile('the CA certificates', plan.caFile),
    pemFile('the client certificate', plan.certFile),
    pemFile("the client certificate's key", plan.keyFile),
  ]);
  const parts: (Buffer | undefined)[] = [];
  for (const file of files) {
    if (file !== undefined && !file.ok) return file;
    parts.push(file?.bytes);
  }
  const [ca, cert, key] = parts;
  try {
    if (ca === undefined) believeUsualRoots();
    const context = createSecureContext({
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
    return { ok: true, material: { ca, cert, key, context } };
  } catch (error) {
    const names = [plan.caFile, plan.certFile, plan.keyFile].filter((path) => path !== '');
    const quoted = names.map((name) => `"${name}"`).join(', ');
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    return { ok: false, detail: `the PEM files ${quoted} cannot be used: ${why}` };
  }
}

async function pemFile(what: string, path: string): Promise<SmallFile | undefined> {
  if (path === '') return undefined;
  const file = await readSmallFile(what, path, PEM_BYTES_MAX);
  if (!file.ok || file.bytes.includes('-----BEGIN ')) return file;
  return { ok: false, detail: `cannot read ${what} from the file "${path}": it holds no PEM text` };
}
