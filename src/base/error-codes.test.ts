import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderErrorCodes } from './error-codes.ts';

test('renderErrorCodes lists the codes of each area in order, one heading per code', () => {
  const page = renderErrorCodes([
    {
      title: 'Second',
      codes: {
        BAL_B_TWO: { meaning: 'Two went wrong.', remedy: 'Mend two.' },
        BAL_B_ONE: { meaning: 'One went wrong.', remedy: 'Mend one.' },
      },
    },
  ]);
  const lines = page.split('\n').filter((line) => line !== '');
  assert.deepEqual(lines.slice(2), [
    '## Second',
    '### BAL_B_ONE',
    'One went wrong. Mend one.',
    '### BAL_B_TWO',
    'Two went wrong. Mend two.',
  ]);
});
