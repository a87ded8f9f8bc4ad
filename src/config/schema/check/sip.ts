import type { z } from 'zod';
import type { SipProbePlan } from '../../plan-check.ts';
import { quote } from '../../quote.ts';
import { Problem, scalar, word } from '../scalar.ts';
import type { Scalar } from '../scalar.ts';
import { statusRange } from '../status.ts';
import { oneOrMany, section } from '../structure.ts';
import { orEmpty } from '../text.ts';

/** Greatest status of SIP (RFC 3261 §21). */
const STATUS_MAX = 699;

function sipUri(description: string): Scalar<string> {
  const pattern = '^sips?:[^\\s<>"]+$';
  return scalar({ title: 'URI', type: 'string', pattern }, description, (value) => {
    const isUri =
      typeof value === 'string' && /^sips?:[\x21\x23-\x3b\x3d\x3f-\x7e]{1,512}$/.test(value);
    if (isUri) return value;
    const hint = 'write one such as sip:ping@example.com';
    return new Problem('BAL_CONFIG_UNKNOWN_VALUE', `${quote(value)} is not a SIP URI`, hint);
  });
}

/** Schema of `check.sip`. */
export const sipCheck = section('Asks with OPTIONS of SIP (RFC 3261 §11).', {
  uri: orEmpty(sipUri('The URI that is asked; "" is sip: and the address of the server.')).prefault(
    '',
  ),
  transport: word(['udp', 'tcp'], 'How the request is sent.').prefault('udp'),
  status: oneOrMany(
    'Statuses of a good answer: 200, "200-299", or a list of them.',
    statusRange('A status or a range.', STATUS_MAX),
  ).prefault('200-299'),
});

/** `check.sip` as the plan has it. */
export function sipProbe(check: z.output<typeof sipCheck>): SipProbePlan {
  const { transport, uri, status } = check;
  return { kind: 'sip', transport, uri, statuses: status };
}
