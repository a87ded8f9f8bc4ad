import { logTarget } from './text.ts';
import { optionalSection } from './structure.ts';
import { word } from './scalar.ts';

/** Schema of `log`. */
export const logSchema = optionalSection('What is written to logs, and where.', {
  access: logTarget(
    'Where the access log goes, a JSON object per request: off, stdout, stderr or /path.',
  ).prefault('stdout'),
  level: word(
    ['debug', 'info', 'warn', 'error'],
    "Least level of the balancer's own messages, which go to stderr.",
  ).prefault('info'),
});
