import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AGENT_PERCENT_MAX, agentLineEnd, parseAgentReply } from './agent-reply.ts';
import type { AgentReply } from './agent-reply.ts';

const read = (line: string): AgentReply => parseAgentReply(Buffer.from(line, 'latin1'));

/** A reply that says nothing but this. */
const says = (parts: Partial<AgentReply>): AgentReply => ({
  weightPercent: null,
  maxConnections: null,
  health: null,
  administrative: null,
  text: '',
  unknownWords: 0,
  ...parts,
});

// The words are those of HAProxy's documentation of agent-check.
const LINES: readonly (readonly [string, Partial<AgentReply>])[] = [
  ['75%', { weightPercent: 75 }],
  ['0%', { weightPercent: 0 }],
  ['100%', { weightPercent: 100 }],
  ['maxconn:30', { maxConnections: 30 }],
  ['maxconn:0', { maxConnections: 0 }],
  ['up', { health: 'up' }],
  ['down', { health: 'down' }],
  ['fail', { health: 'fail' }],
  ['stopped', { health: 'stopped' }],
  ['ready', { administrative: 'ready' }],
  ['drain', { administrative: 'drain' }],
  ['maint', { administrative: 'maintenance' }],
  ['UP', { health: 'up' }],
  ['Ready MaxConn:5', { administrative: 'ready', maxConnections: 5 }],
  ['up 50%', { health: 'up', weightPercent: 50 }],
  ['drain,20%\tup', { administrative: 'drain', weightPercent: 20, health: 'up' }],
  [
    '75%,maxconn:30,maint,down',
    { weightPercent: 75, maxConnections: 30, administrative: 'maintenance', health: 'down' },
  ],
  ['down#disk full', { health: 'down', text: 'disk full' }],
  ['fail # back up, later', { health: 'fail', text: 'back up, later' }],
  ['up down', { health: 'down' }],
  ['10% 20%', { weightPercent: 20 }],
  ['', {}],
  [' ,\t, ', {}],
  ['# only a text', { text: 'only a text' }],
];

for (const [line, parts] of LINES) {
  test(`parseAgentReply reads ${JSON.stringify(line)}`, () => {
    assert.deepEqual(read(line), says(parts));
  });
}

test('parseAgentReply counts words that mean nothing and takes the others', () => {
  for (const word of ['upp', '-5%', '5', '%', '5.5%', 'maxconn:', 'maxconn:x', '__proto__']) {
    assert.deepEqual(read(`${word} drain`), says({ administrative: 'drain', unknownWords: 1 }));
  }
  assert.equal(read('a b c').unknownWords, 3);
  assert.equal(read(`${'9'.repeat(10)}%`).unknownWords, 1);
});

test('parseAgentReply bounds numbers', () => {
  assert.equal(read('999999999%').weightPercent, AGENT_PERCENT_MAX);
  assert.equal(read('maxconn:999999999').maxConnections, 1_000_000);
});

test('parseAgentReply lets no control characters through in the text, and cuts it', () => {
  assert.equal(read('down # a\u001b[31m\u0000b\u00e9c').text, 'a [31m b c');
  const { text } = read(`down # ${'x'.repeat(500)}`);
  assert.equal(text.length, 120);
  assert.ok(text.endsWith('~'));
});

test('agentLineEnd finds the first CR or LF', () => {
  assert.equal(agentLineEnd(Buffer.from('up')), -1);
  assert.equal(agentLineEnd(Buffer.from('up\r\ndown\n')), 2);
  assert.equal(agentLineEnd(Buffer.from('\n')), 0);
});
