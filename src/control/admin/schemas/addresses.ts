/** What the API says of floating addresses. */
import { z } from '@hono/zod-openapi';

const count = (description: string) => z.number().int().min(0).openapi({ description });
const word = (description: string) => z.string().openapi({ description });

const conditionSchema = z
  .object({
    key: word('link, workers, data-path:LISTENER, or a tracker.'),
    isWell: z.boolean(),
    cost: z
      .union([z.number(), z.literal('resign')])
      .openapi({ description: 'What failing takes off the priority, or resign.' }),
    seen: word('What is seen, for people.'),
  })
  .openapi('AddressCondition');

const peerSchema = z
  .object({
    peer: word('Address that it advertises from.'),
    priority: count('What it last advertised.'),
    heardAgoMs: count('How long ago.'),
    addresses: z.enum(['same', 'overlapping', 'disjoint']),
  })
  .openapi('AddressPeer');

/** One group of addresses. */
export const addressSchema = z
  .object({
    group: word('Name of the group, or of the entry that is alone.'),
    addresses: z.array(z.string()).readonly(),
    state: z.enum(['initialize', 'backup', 'active', 'leaving', 'doubtful', 'fault']),
    reason: word('Why, in one word.'),
    detail: word('Why, for people.'),
    since: z.string().openapi({ description: 'Since when.', format: 'date-time' }),
    basePriority: count('The priority of the configuration.'),
    priority: count('The priority in force.'),
    intervalMs: count('Time between advertisements.'),
    misses: count('Advertisements missed until the active node is held dead.'),
    preempt: z.boolean(),
    activePeer: word('The node that is active, "" where it is this one or none.'),
    activePriority: count('What that node advertises.'),
    takeovers: count('Times that this node has become active.'),
    advertsSent: count('Advertisements sent.'),
    advertsHeard: count('Advertisements heard.'),
    advertsRefused: z.record(z.string(), z.number()).openapi({ description: 'By reason.' }),
    conditions: z.array(conditionSchema).readonly(),
    peers: z.array(peerSchema).readonly(),
  })
  .openapi('Address');

export const addressListSchema = z
  .object({ addresses: z.array(addressSchema).readonly() })
  .openapi('AddressList');

export const movedSchema = z
  .object({
    group: word('The group.'),
    ok: z.boolean().openapi({ description: 'Whether another node has it now.' }),
    outcome: word('What came of it, for people.'),
  })
  .openapi('Moved');
