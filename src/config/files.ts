import { resolve } from 'node:path';
import type { ConfigPath } from './diagnostic.ts';
import { quote } from './quote.ts';
import { httpListeners } from './rules/rule.ts';
import type { RuleContext } from './rules/rule.ts';

/** Largest page or body that is read from a file, in bytes. */
export const PAGE_MAX = 131_072;

/** Contents by the path that the configuration gives. */
export type Files = ReadonlyMap<string, Uint8Array>;

/** Bytes of a file, or null where it cannot be read. */
export type ReadFile = (path: string) => Uint8Array | null;

/** Where the configuration names a file, and which. */
type FileUse = { readonly name: string; readonly path: ConfigPath };

function* fileUses({ config }: RuleContext): Generator<FileUse> {
  for (const [name, listener] of httpListeners(config)) {
    const at: ConfigPath = ['listeners', name];
    for (const [status, page] of Object.entries(listener.errorPages)) {
      const path = [...at, 'errorPages', status];
      if (typeof page === 'string') yield { name: page, path };
      else yield { name: page.file, path: [...path, 'file'] };
    }
    for (const [i, route] of (listener.routes ?? []).entries()) {
      const file = route.respond?.file;
      if (file !== undefined) yield { name: file, path: [...at, 'routes', i, 'respond', 'file'] };
    }
  }
}

/**
 * Reads all pages that the configuration names, relative to the absolute path `folder`. Those that
 * are missing or too large are reported and left out.
 */
export function readFiles(context: RuleContext, folder: string, readFile: ReadFile): Files {
  const files = new Map<string, Uint8Array>();
  for (const { name, path } of fileUses(context)) {
    if (files.has(name)) continue;
    const bytes = name.includes('\0') ? null : readFile(resolve(folder, name));
    if (bytes === null) {
      const message = `the file ${quote(name)} cannot be read`;
      const hint = 'its path is relative to the folder of the configuration file';
      context.report({ code: 'BAL_CONFIG_FILE', message, hint, path });
    } else if (bytes.length > PAGE_MAX) {
      const message = `the file ${quote(name)} has ${bytes.length} bytes`;
      context.report({ code: 'BAL_CONFIG_FILE', message, hint: `at most ${PAGE_MAX}`, path });
    } else files.set(name, bytes);
  }
  return files;
}

const CONTENT_TYPES: ReadonlyMap<string, string> = new Map([
  ['html', 'text/html; charset=utf-8'],
  ['htm', 'text/html; charset=utf-8'],
  ['txt', 'text/plain; charset=utf-8'],
  ['json', 'application/json'],
  ['xml', 'application/xml'],
  ['svg', 'image/svg+xml'],
  ['css', 'text/css; charset=utf-8'],
  ['js', 'text/javascript; charset=utf-8'],
]);

/** The Content-Type that follows from the ending of a file's name. */
export function contentTypeOf(name: string): string {
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  return CONTENT_TYPES.get(ending) ?? 'application/octet-stream';
}
