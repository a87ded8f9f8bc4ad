import type { ConfigPath } from '../diagnostic.ts';
import { balanceSettings, hashOf } from '../schema/balance.ts';
import type { BalanceSettings } from '../schema/balance.ts';
import { fieldName } from '../schema/field.ts';
import { problemOf } from '../schema/scalar.ts';
import { quote } from '../quote.ts';
import type { RuleContext } from './rule.ts';

const NAMELESS = 'a name belongs to header-hash, cookie-hash and query-hash';

/** What must be a token of HTTP: names of fields and cookies. */
const cookieOrField = fieldName('A name.');

function checkName(settings: BalanceSettings, path: ConfigPath, context: RuleContext): void {
  const { report, isWhole } = context;
  const kind = hashOf(settings)?.kind;
  const needsName = kind === 'header' || kind === 'cookie' || kind === 'query';
  const at = [...path, 'name'];
  if (!needsName) {
    if (settings.name === undefined) return;
    const message = `${settings.algorithm} has no name`;
    report({ code: 'BAL_CONFIG_CONFLICT', message, hint: NAMELESS, path: at, at: 'key' });
    return;
  }
  if (settings.name === undefined) {
    if (!isWhole(path)) return;
    const message = `${settings.algorithm} does not say what it hashes`;
    const hint = `add the name of the ${kind === 'query' ? 'parameter' : kind}: name: …`;
    report({ code: 'BAL_CONFIG_MISSING_KEY', message, hint, path: [...path, 'algorithm'] });
    return;
  }
  if (kind === 'query') return;
  const problem = problemOf(cookieOrField.safeParse(settings.name));
  if (problem === null) return;
  const message = `${quote(settings.name)} is not the name of a ${kind}`;
  report({ code: 'BAL_CONFIG_FIELD_NAME', message, hint: problem.hint, path: at });
}

function checkSettings(settings: BalanceSettings, path: ConfigPath, context: RuleContext): void {
  const { report, isGiven } = context;
  const { algorithm } = settings;
  const refuse = (key: string, message: string, hint: string): void => {
    report({ code: 'BAL_CONFIG_CONFLICT', message, hint, path: [...path, key], at: 'key' });
  };
  if (isGiven([...path, 'query']) && algorithm !== 'uri-hash') {
    refuse('query', `${algorithm} does not look at the query`, 'query belongs to uri-hash');
  }
  const hasHash = hashOf(settings) !== null;
  for (const key of ['table', 'boundedLoad']) {
    if (hasHash || !isGiven([...path, key])) continue;
    refuse(key, `${algorithm} hashes nothing`, `${key} belongs to the algorithms that hash`);
  }
  const isTable = algorithm === 'maglev' || algorithm === 'ring';
  if (!isTable || !isGiven([...path, 'table'])) return;
  refuse(
    'table',
    `${algorithm} is a table itself`,
    'remove table, or write algorithm: source-hash',
  );
}

/** The settings of an algorithm are its own. */
export function checkBalance(context: RuleContext): void {
  for (const [name, { balance }] of Object.entries(context.config.pools)) {
    if (typeof balance === 'string') continue;
    const path = ['pools', name, 'balance'];
    const settings = balanceSettings(balance);
    checkName(settings, path, context);
    checkSettings(settings, path, context);
  }
}
