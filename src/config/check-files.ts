import { resolve } from 'node:path';
import type { ConfigPath } from './diagnostic.ts';
import type { ReadFile } from './files.ts';
import { quote } from './quote.ts';
import type { RuleContext } from './rules/rule.ts';
import type { CheckConfig } from './schema/check.ts';
import { CHECK_KINDS } from './schema/check.ts';

const RELATIVE = 'it can; its path is relative to the folder of the configuration file';

type FileUse = { readonly file: string; readonly path: ConfigPath };

function* fileUses(check: CheckConfig, path: ConfigPath): Generator<FileUse> {
  for (const kind of CHECK_KINDS) {
    const given = check[kind];
    if (given === undefined) continue;
    if ('passwordFile' in given && given.passwordFile !== undefined) {
      yield { file: given.passwordFile, path: [...path, kind, 'passwordFile'] };
    }
    const tls = 'tls' in given ? given.tls : undefined;
    if (typeof tls !== 'object') continue;
    for (const key of ['ca', 'cert', 'key'] as const) {
      const file = tls[key];
      if (file !== undefined) yield { file, path: [...path, kind, 'tls', key] };
    }
  }
}

function* adminFileUses({ config: { admin } }: RuleContext): Generator<FileUse> {
  if (admin === null || !('bind' in admin)) return;
  if (admin.tokenFile !== undefined) yield { file: admin.tokenFile, path: ['admin', 'tokenFile'] };
  for (const key of ['certificate', 'key', 'clientCa'] as const) {
    const file = admin.tls?.[key];
    if (file !== undefined) yield { file, path: ['admin', 'tls', key] };
  }
}

/**
 * Warns of files that checks and the admin address need and that cannot be read now. They are read
 * by the supervisor: that they are missing here does not say that they will be missing there.
 */
export function warnMissingFiles(context: RuleContext, folder: string, readFile: ReadFile): void {
  const isThere = (file: string): boolean =>
    !file.includes('\0') && readFile(resolve(folder, file)) !== null;
  for (const { file, path } of adminFileUses(context)) {
    if (isThere(file)) continue;
    const message = `the file ${quote(file)} cannot be read now`;
    const words = resolve(folder, file) === file ? 'it can' : RELATIVE;
    const hint = `the admin address is not opened until ${words}`;
    context.report({ severity: 'warning', code: 'BAL_CONFIG_ADMIN_FILE', message, hint, path });
  }
  for (const [name, { check }] of Object.entries(context.config.pools)) {
    if (check === undefined) continue;
    for (const { file, path } of fileUses(check, ['pools', name, 'check'])) {
      if (isThere(file)) continue;
      const message = `the file ${quote(file)} cannot be read now`;
      const hint = `checks fail until ${resolve(folder, file) === file ? 'it can' : RELATIVE}`;
      const finding = { code: 'BAL_CONFIG_CHECK_FILE', message, hint, path } as const;
      context.report({ severity: 'warning', ...finding });
    }
  }
}
