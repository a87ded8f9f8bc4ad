/** What a plan met when it was put in force, with its places in the configuration file. */
import { BallastError, errorsIn } from '../base/errors.ts';
import type { Diagnostic, DiagnosticCode } from '../config/diagnostic.ts';
import { YamlFile } from '../config/yaml-file.ts';

/** Those of the errors that are about something in the file whose text is `source`. */
export function placedErrors(error: unknown, file: string, source: string): Diagnostic[] {
  if (!(error instanceof BallastError)) return [];
  const placed = errorsIn(error).filter(({ at }) => at !== undefined);
  if (placed.length === 0) return [];
  const yaml = new YamlFile(source, file);
  return placed.map(({ at, code, message, hint = '' }) => ({
    ...yaml.where(at!),
    severity: 'error' as const,
    code: code as DiagnosticCode,
    message,
    hint,
  }));
}
