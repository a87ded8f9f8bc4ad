/** ServerNameTable against a matcher that tries every route. A failure prints its seed. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { compileServerNames } from './server-name-table.ts';
import type { ServerNameMatch } from './server-name-table.ts';

const names = fc
  .array(fc.constantFrom('a', 'b', 'cc'), { minLength: 1, maxLength: 4 })
  .map((labels) => labels.join('.'));
const protocols = fc.array(fc.constantFrom('h2', 'x', 'y'), { maxLength: 2 });
const patterns = fc.oneof(
  names,
  names.map((name) => `*.${name}`),
);
const routes: fc.Arbitrary<ServerNameMatch> = fc.record({
  sni: fc.array(patterns, { maxLength: 3 }),
  alpn: fc.oneof(fc.constant([]), protocols),
});

/** How closely a pattern fits: labels of a wildcard, more for an exact name, -1 not at all. */
function closeness(pattern: string, name: string): number {
  if (!pattern.startsWith('*.')) return pattern === name ? 1000 : -1;
  const labels = name.split('.');
  const wanted = pattern.split('.').slice(1);
  if (labels.length <= wanted.length) return -1;
  const end = labels.slice(labels.length - wanted.length);
  return end.every((label, i) => label === wanted[i]) ? wanted.length : -1;
}

function findNaively(list: readonly ServerNameMatch[], name: string, offered: string[]): number {
  let best = -1;
  let bestRank: readonly number[] = [];
  list.forEach(({ sni, alpn }, route) => {
    if (alpn.length > 0 && !alpn.some((protocol) => offered.includes(protocol))) return;
    const close =
      sni.length === 0
        ? 0
        : Math.max(...sni.map((one) => (name === '' ? -1 : closeness(one, name))));
    if (close < 0) return;
    const rank = [close, alpn.length > 0 ? 1 : 0];
    const isBetter =
      rank[0]! > bestRank[0]! || (rank[0] === bestRank[0] && rank[1]! > bestRank[1]!);
    if (best < 0 || isBetter) {
      best = route;
      bestRank = rank;
    }
  });
  return best;
}

it('finds what trying every route finds', () => {
  let found = 0;
  const asked = fc.oneof(names, names, fc.constant(''));
  fc.assert(
    fc.property(fc.array(routes, { maxLength: 8 }), asked, protocols, (list, name, offered) => {
      const expected = findNaively(list, name, offered);
      if (expected >= 0) found++;
      assert.equal(compileServerNames(list).find(name, offered), expected);
    }),
    { numRuns: 5000 },
  );
  assert.ok(found > 1000, `only ${found} were found`);
});
