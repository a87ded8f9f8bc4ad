/** Makes docs/reasons.md from the table of reasons. */
import { REASONS } from '../../src/base/reasons.ts';
import type { Fault } from '../../src/base/reasons.ts';

const SECTIONS: readonly (readonly [Fault, string, string])[] = [
  ['client', 'The client', 'The request, or what became of its connection, is the cause.'],
  ['server', 'The servers', 'No server answered, or one answered badly.'],
  ['local', 'Ballast itself', 'A limit, a drain or an error of the balancer is the cause.'],
  ['none', 'Nobody', 'Nothing went wrong.'],
];

const INTRO = `# Reasons

<!-- Made from src/base/reasons.ts by test/docs/generated.test.ts (UPDATE_GOLDEN=1): do not edit. -->

Where Ballast itself ends, refuses or cuts a request, a connection or a session, it says why in one
word. The word is stable: it never changes its meaning. It stands

- in the field \`Ballast-Reason\` of an answer that Ballast made (\`reasonHeader: false\` switches
  that off, for each listener),
- as \`reason\` in the [access log](access-log.md),
- as the label \`reason\` of the metric \`ballast_reasons_total\`.

A server may send a field \`Ballast-Reason\` of its own, which is passed on: the log has the truth.

"—" in place of a status: no answer can be given any more, or none is due. The connection is then
cut, so that nobody takes a part of an answer for the whole. What clients of TCP see is in
[a table of its own](tcp.md#what-the-client-sees). What to do about a word is in
[troubleshooting](operations.md#troubleshooting).
`;

/** The text of the page. */
export function reasonsPage(): string {
  const lines = [INTRO];
  for (const [fault, title, text] of SECTIONS) {
    lines.push(`## ${title}`, '', text, '', '| reason | status | meaning |', '|---|---|---|');
    for (const row of REASONS) {
      if (row.fault !== fault || row.word === 'none') continue;
      const status = row.status === 0 ? '—' : String(row.status);
      lines.push(`| \`${row.word}\` | ${status} | ${row.meaning.replaceAll('|', '\\|')} |`);
    }
    lines.push('');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}
