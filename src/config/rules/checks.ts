import type { ConfigPath } from '../diagnostic.ts';
import { CHECK_KINDS, checkTimes } from '../schema/check.ts';
import type { CheckConfig } from '../schema/check.ts';
import { durationText } from '../schema/units.ts';
import type { RuleContext } from './rule.ts';

const ALL_KINDS = [...CHECK_KINDS, 'sameAs'] as const;

/** Keys that mean nothing where another pool checks. */
const OWN_KEYS = [
  'every',
  'timeout',
  'rise',
  'fall',
  'downEvery',
  'changingEvery',
  'jitter',
  'start',
  'port',
] as const;

function checkKind(check: CheckConfig, path: ConfigPath, { report, isWhole }: RuleContext): void {
  const [first, second] = ALL_KINDS.filter((kind) => check[kind] !== undefined);
  if (second !== undefined) {
    const message = `a check has both ${first} and ${second}`;
    const at = [...path, second];
    report({ code: 'BAL_CONFIG_CONFLICT', message, hint: 'keep one of them', path: at, at: 'key' });
  }
  if (first !== undefined || !isWhole(path)) return;
  report({
    code: 'BAL_CONFIG_MISSING_KEY',
    message: 'the check does not say how to check',
    hint: `add one of ${ALL_KINDS.join(', ')}`,
    path,
    at: 'key',
  });
}

function warnTimes(check: CheckConfig, path: ConfigPath, { report, isWhole }: RuleContext): void {
  const isKnown = isWhole([...path, 'timeout']) && isWhole([...path, 'every']);
  const { timeoutMs } = checkTimes(check);
  if (timeoutMs <= check.every || !isKnown) return;
  const timeout = durationText(timeoutMs);
  const every = durationText(check.every);
  report({
    severity: 'warning',
    code: 'BAL_CONFIG_CHECK_TIMES',
    message: `a check may take ${timeout}, longer than the ${every} from one to the next`,
    hint: `a timeout of at most ${every} fits`,
    path: [...path, 'timeout'],
  });
}

function warnUnused(path: ConfigPath, { report, isGiven }: RuleContext): void {
  for (const key of OWN_KEYS) {
    const at = [...path, key];
    if (!isGiven(at)) continue;
    const message = `${key} changes nothing: the other pool checks`;
    const hint = 'remove it, or give this pool a check of its own';
    const finding = { code: 'BAL_CONFIG_NO_EFFECT', message, hint, path: at, at: 'key' } as const;
    report({ severity: 'warning', ...finding });
  }
}

/** Each check is of one kind, and its times fit each other. */
export function checkChecks(context: RuleContext): void {
  for (const [name, { check }] of Object.entries(context.config.pools)) {
    if (check === undefined) continue;
    const path = ['pools', name, 'check'];
    checkKind(check, path, context);
    if (check.sameAs === undefined) warnTimes(check, path, context);
    else warnUnused(path, context);
  }
}
