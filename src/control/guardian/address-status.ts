/** Floating addresses in the status report and the API. */
import type { z } from '@hono/zod-openapi';
import { reasonText } from '../../guard/reasons.ts';
import type { addressSchema } from '../admin/schemas/addresses.ts';
import type { Floating } from './floating.ts';

export type AddressStatus = z.output<typeof addressSchema>;

/** Called for each report. */
export function addressStatuses(
  floating: Pick<Floating, 'standing' | 'addressesOf'>,
): AddressStatus[] {
  return floating.standing.map((standing) => {
    const { group, reason, activePeer, since } = standing;
    return {
      ...standing,
      addresses: floating.addressesOf(group),
      detail: reason === 'begun' ? 'listens' : reasonText(reason, activePeer),
      since: new Date(since).toISOString(),
    };
  });
}
