/** What a start that failed prints: each error with its place in the configuration file. */
import { readFileSync } from 'node:fs';
import { BallastError, errorsIn } from '../base/errors.ts';
import { renderPlace } from '../config/render-diagnostic.ts';
import { YamlFile } from '../config/yaml-file.ts';
import { errorText } from './print.ts';

/** Reads the file again to find the places; one that cannot be read any more costs only those. */
export function startErrorText(error: unknown, file: string): string {
  if (!(error instanceof BallastError)) return errorText(error);
  const yaml = readYaml(file);
  return errorsIn(error)
    .map((each) => (yaml === null ? errorText(each) : placedText(each, yaml)))
    .join('');
}

function placedText(error: BallastError, yaml: YamlFile): string {
  if (error.at === undefined) return errorText(error);
  const where = yaml.where(error.at);
  const place = renderPlace(where, yaml.text.split('\n'));
  const remedy = error.hint === undefined ? '' : `  ${error.hint}\n`;
  const head = `${where.file}:${where.line}:${where.column}: ${error.code}: ${error.message}`;
  return `${head}${place}\n${remedy}`;
}

function readYaml(file: string): YamlFile | null {
  try {
    return new YamlFile(readFileSync(file, 'utf8'), file);
  } catch {
    return null;
  }
}
