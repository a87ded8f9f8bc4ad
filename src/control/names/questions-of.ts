import { canonicalDnsName } from '../../codec/dns-name.ts';
import type { NamePlan } from '../../config/plan.ts';
import type { NameRecord } from '../../machine/name-lookup.ts';
import type { Question, QuestionType } from './question.ts';

/** What is known of a question now; empty where nothing is. */
export type KnownRecords = (question: Question) => readonly NameRecord[];

/** The families of addresses that a name may use, as questions about `host`. */
export function addressQuestions(name: NamePlan, host: string): Question[] {
  const types: QuestionType[] = [];
  if (name.family !== 'ipv6') types.push('A');
  if (name.family !== 'ipv4') types.push('AAAA');
  return types.map((type) => ({ host, type }));
}

/** The question that a name of SRV begins with. */
export function serviceQuestion(name: NamePlan): Question {
  return { host: canonicalDnsName(name.host), type: 'SRV' };
}

/** Every question that a name needs answers to, as far as the answers so far tell. */
export function questionsOf(name: NamePlan, known: KnownRecords): Question[] {
  if (name.kind === 'address') return addressQuestions(name, canonicalDnsName(name.host));
  const question = serviceQuestion(name);
  const targets = new Set<string>();
  for (const record of known(question)) if (record.kind === 'service') targets.add(record.target);
  return [question, ...[...targets].flatMap((target) => addressQuestions(name, target))];
}
