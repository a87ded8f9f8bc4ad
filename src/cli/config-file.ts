/** Reads a configuration file for the commands. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { loadConfig, type LoadResult } from '../config/load.ts';
import { renderDiagnostics } from '../config/render-diagnostic.ts';
import { BallastError } from '../base/errors.ts';

/**
 * A loaded file; `source` is what it holds, `text` what to print of its diagnostics, "" where there
 * are none.
 */
export type ConfigFile = LoadResult & { readonly source: string; readonly text: string };

/**
 * Reads and checks a file, or `given` in place of what it holds; `use` says whether this process
 * will run it. Rejects with BAL_CONFIG_FILE when there is nothing to read.
 */
export async function readConfig(
  file: string,
  given: string | null = null,
  use: 'run' | 'look' = 'look',
): Promise<ConfigFile> {
  const source = given ?? (await read(file));
  const cores = availableParallelism();
  const stateDirectory = process.env['STATE_DIRECTORY'];
  const loaded = loadConfig(source, file, {
    readFile,
    cores,
    stateDirectory,
    isRehearsal: use === 'look',
  });
  return { ...loaded, source, text: renderDiagnostics(loaded.diagnostics, source) };
}

async function read(file: string): Promise<string> {
  const { readFile: readText } = await import('node:fs/promises');
  try {
    return await readText(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = REASONS[code ?? ''] ?? message;
    throw new BallastError(
      'BAL_CONFIG_FILE',
      `cannot read the configuration "${file}": ${reason}`,
      {
        source: 'configuration',
        hint: 'give the path of a configuration file; "ballast demo" needs none',
        cause: error,
      },
    );
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'it is a folder',
};

function readFile(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}
