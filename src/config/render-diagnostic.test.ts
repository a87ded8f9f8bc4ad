import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Diagnostic } from './diagnostic.ts';
import { renderDiagnostic, renderDiagnostics } from './render-diagnostic.ts';

const diagnostic: Diagnostic = {
  severity: 'error',
  code: 'BAL_CONFIG_UNKNOWN_KEY',
  message: 'unknown key "prot"',
  hint: 'did you mean "port"?',
  file: 'ballast.yaml',
  line: 2,
  column: 3,
};

test('renderDiagnostic shows the place, the code, the hint, the line and a caret', () => {
  const expected = [
    'ballast.yaml:2:3: BAL_CONFIG_UNKNOWN_KEY: unknown key "prot": did you mean "port"?',
    '    2 |   prot: 1',
    '      |   ^',
  ];
  assert.equal(renderDiagnostic(diagnostic, ['a:', '  prot: 1']), expected.join('\n'));
});

test('renderDiagnostic marks a warning and leaves out an empty hint', () => {
  const text = renderDiagnostic({ ...diagnostic, severity: 'warning', hint: '' }, []);
  assert.equal(text, 'ballast.yaml:2:3: BAL_CONFIG_UNKNOWN_KEY: warning: unknown key "prot"');
});

test('renderDiagnostic keeps tabs before the caret and drops a carriage return', () => {
  const text = renderDiagnostic(diagnostic, ['', '\t\tprot: 1\r']);
  assert.deepEqual(text.split('\n').slice(1), ['    2 | \t\tprot: 1', '      | \t\t^']);
});

test('renderDiagnostic shows the part of a long line around the place', () => {
  const line = `${'a'.repeat(500)}X${'b'.repeat(500)}`;
  const [, source, caret] = renderDiagnostic({ ...diagnostic, column: 501 }, ['', line]).split(
    '\n',
  );
  assert.ok((source?.length ?? 0) < 140);
  assert.equal(source?.[(caret ?? '').indexOf('^')], 'X');
});

test('renderDiagnostics does not count a byte order mark', () => {
  const text = renderDiagnostics([{ ...diagnostic, line: 1, column: 1 }], '\ufeffprot: 1');
  assert.deepEqual(text.split('\n').slice(1, 3), ['    1 | prot: 1', '      | ^']);
});

test('renderDiagnostic shows no password, in whatever form of YAML it stands', () => {
  const lines = [
    'check: { redis: { user: x, password: top secret, role: any } }',
    "check: { redis: { password: 'top, secret', role: any } }",
    'check: {"redis": {"password":"top \\" secret", "role": "any"}}',
    '      password: top, } secret # a comment',
    '    - password: "top secret"',
  ];
  for (const [i, line] of lines.entries()) {
    const shown = renderDiagnostic({ ...diagnostic, line: i + 1, column: 1 }, lines);
    assert.doesNotMatch(shown, /top|secret/, line);
    assert.match(shown, /password"?\s*:\s*\*+/);
    assert.equal(shown.split('\n')[1]?.length, line.length + '    1 | '.length);
  }
  const file = ['passwordFile: secret.txt'];
  assert.match(renderDiagnostic({ ...diagnostic, line: 1 }, file), /secret\.txt/);
});
