import assert from 'node:assert/strict';
import test from 'node:test';
import { BallastError } from '../base/errors.ts';
import { errorText, hasColours, tableText } from './print.ts';

test('tableText makes columns as wide as their widest cell, without spaces at line ends', () => {
  assert.equal(
    tableText([
      ['A', 'LONG', 'C'],
      ['aaa', 'x', ''],
    ]),
    'A    LONG  C\naaa  x\n',
  );
});

test('errorText shows code, message and remedy', () => {
  const error = new BallastError('BAL_X', 'cannot x "y"', { hint: 'allowed is z' });
  assert.equal(errorText(error), 'ballast: BAL_X: cannot x "y"\n  allowed is z\n');
});

test('errorText shows where a programming error happened', () => {
  assert.match(errorText(new Error('oops')), /^ballast: Error: oops\n +at /);
});

test('hasColours is for terminals only, and never with NO_COLOR', (context) => {
  const { NO_COLOR: before } = process.env;
  context.after(() => {
    if (before === undefined) delete process.env['NO_COLOR'];
    else process.env['NO_COLOR'] = before;
  });
  delete process.env['NO_COLOR'];
  assert.equal(hasColours({ isTTY: true }), true);
  assert.equal(hasColours({}), false);
  process.env['NO_COLOR'] = '1';
  assert.equal(hasColours({ isTTY: true }), false);
});
