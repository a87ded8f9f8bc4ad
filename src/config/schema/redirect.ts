import { z } from 'zod';
import { quote } from '../quote.ts';
import { bareHost } from './host.ts';
import { literalPath } from './path.ts';
import { flag, integer, Problem, scalar, word, wrongType } from './scalar.ts';
import type { Scalar } from './scalar.ts';
import { section } from './structure.ts';

const REDIRECT_STATUSES = [301, 302, 303, 307, 308] as const;

function redirectStatus(description: string): Scalar<number> {
  const hint = `allowed: ${REDIRECT_STATUSES.join(', ')}`;
  const meta = { title: 'status', type: 'integer', enum: REDIRECT_STATUSES } as const;
  return scalar<number>(meta, description, (value) => {
    if (typeof value !== 'number') return wrongType(value, 'a status', hint);
    const isAllowed = REDIRECT_STATUSES.some((status) => status === value);
    if (isAllowed) return value;
    return new Problem('BAL_CONFIG_STATUS', `${quote(value)} is not a redirect`, hint);
  });
}

const full = section('A redirect. Parts that are left out are taken from the request.', {
  status: redirectStatus(
    'Status. 307 keeps the method and is not remembered by clients; 308 is remembered.',
  ).prefault(307),
  scheme: word(['http', 'https'], 'Scheme. The port follows it where none is given.').optional(),
  host: bareHost('Host.').optional(),
  port: integer(1, 65_535, 'Port.').optional(),
  path: literalPath('The whole path.').optional(),
  prefix: literalPath('Replaces the part of the path that the prefix matched.').optional(),
  keepQuery: flag('Whether the query is kept.').prefault(true),
});

/** Schema of `redirect`: a map, or `https` for the same address under https. */
export const redirectSchema = z
  .union([word(['https'], 'Short for { scheme: https }.'), full])
  .meta({ description: 'Answers with a redirect.' });

/** A redirect with its defaults filled in. */
export type RedirectConfig = z.output<typeof redirectSchema>;

/** Port of https (RFC 9110 §4.2.2). */
export const HTTPS_PORT = 443;

/** A schema for `redirectToHttps`: true, false, or the port of https. */
export function httpsRedirect(description: string): Scalar<number | boolean> {
  const meta = { title: 'true | false | port', type: ['boolean', 'integer'] };
  return scalar<number | boolean>(meta, description, (value) => {
    if (typeof value === 'boolean') return value;
    const hint = 'write true, or the port of https from 1 to 65535';
    if (typeof value !== 'number') return wrongType(value, 'true, false or a port', hint);
    const isPort = Number.isInteger(value) && value >= 1 && value <= 65_535;
    return isPort
      ? value
      : new Problem('BAL_CONFIG_OUT_OF_RANGE', `${value} is out of range`, hint);
  });
}
