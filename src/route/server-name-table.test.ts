/** Which route of layer 4 a server name and protocols of ALPN lead to. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { compileServerNames } from './server-name-table.ts';

/** `name,name alpn,alpn`: a row as text; `-` for an empty list. */
function table(...rows: readonly string[]): (name: string, ...alpn: string[]) => number {
  const list = (text: string | undefined): string[] =>
    text === undefined || text === '-' ? [] : text.split(',');
  const routes = rows.map((row) => {
    const [sni, alpn] = row.split(' ');
    return { sni: list(sni), alpn: list(alpn) };
  });
  const compiled = compileServerNames(routes);
  return (name, ...alpn) => compiled.find(name, alpn);
}

it('finds an exact name before the longest wildcard before any name', () => {
  const find = table('-', '*.com', '*.b.com', '*.a.b.com', 'x.a.b.com');
  assert.equal(find('x.a.b.com'), 4);
  assert.equal(find('y.a.b.com'), 3);
  assert.equal(find('a.b.com'), 2);
  assert.equal(find('b.com'), 1);
  assert.equal(find('com'), 0);
  assert.equal(find('org'), 0);
  assert.equal(find(''), 0);
});

it('takes a wildcard for one label or more, never for none', () => {
  const find = table('*.example.com');
  assert.equal(find('a.example.com'), 0);
  assert.equal(find('a.b.c.example.com'), 0);
  assert.equal(find('example.com'), -1);
  assert.equal(find('.example.com'), 0);
  assert.equal(find('aexample.com'), -1);
  assert.equal(find(''), -1);
});

it('finds a route that asks for a protocol before one that does not, then the earlier', () => {
  const find = table('a.b', 'a.b h2', 'a.b h2,x', '- h2', '-');
  assert.equal(find('a.b'), 0);
  assert.equal(find('a.b', 'h2'), 1);
  assert.equal(find('a.b', 'x', 'h2'), 1);
  assert.equal(find('a.b', 'x'), 2);
  assert.equal(find('c', 'h2'), 3);
  assert.equal(find('c', 'x'), 4);
});

it('goes on to a less specific name where the protocols of a route are not offered', () => {
  const find = table('a.b.c h2', '*.b.c x', '*.c', '- y');
  assert.equal(find('a.b.c', 'h2'), 0);
  assert.equal(find('a.b.c', 'x'), 1);
  assert.equal(find('a.b.c'), 2);
  assert.equal(find('z', 'y'), 3);
  assert.equal(find('z'), -1);
});

it('reads names in any case, with a trailing dot, twice, and "*" as any', () => {
  assert.equal(table('A.Example.,a.example')('a.example'), 0);
  assert.equal(table('*')(''), 0);
  assert.equal(table()('a'), -1);
});

it('does not confuse names with properties of objects', () => {
  const find = table('a');
  for (const name of ['constructor', '__proto__', 'toString']) assert.equal(find(name), -1);
});

it('tells depths apart that are 32 labels from each other', () => {
  const deep = `${'x.'.repeat(32)}com`;
  const find = table(`*.${deep}`, '*.com');
  assert.equal(find(`a.${deep}`), 0);
  assert.equal(find('a.com'), 1);
  assert.equal(find(deep), 1);
});

it('knows whether ALPN has to be waited for', () => {
  assert.equal(compileServerNames([{ sni: ['a'], alpn: [] }]).needsAlpn, false);
  assert.equal(compileServerNames([{ sni: [], alpn: ['h2'] }]).needsAlpn, true);
});
