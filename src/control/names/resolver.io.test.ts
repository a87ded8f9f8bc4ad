import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { writeDns, questionOf } from '../../codec/dns-testkit.ts';
import type { BindPlan } from '../../config/plan.ts';
import { recordText } from '../../machine/name-lookup.ts';
import { freePort } from '../../../test/kit/free-ports.ts';
import { TempDir } from '../../../test/kit/temp-dir.ts';
import { until } from '../../../test/kit/wait.ts';
import { FOREIGN_MAX } from './ask-server.ts';
import { FakeDns, recordsOf } from './dns-server-testkit.ts';
import type { FakeAnswers } from './dns-server-testkit.ts';
import type { Outcome } from './question.ts';
import { QUESTIONS_AT_ONCE_MAX, Resolver } from './resolver.ts';
import { LOOK_EVERY_MS } from './watched-file.ts';

const NO_FILES = { resolvConf: '/nonexistent', hosts: '/nonexistent' };
const DB = { host: 'db.test', type: 'A' } as const;

/** A resolver without the files of this machine; short of patience unless told otherwise. */
function resolver(servers: readonly BindPlan[], timeoutMs = 10_000): Resolver {
  const made = new Resolver(NO_FILES);
  made.configure({ servers, timeoutMs });
  return made;
}

const texts = (outcome: Outcome): string[] =>
  outcome.kind === 'records' ? outcome.records.map(recordText) : [outcome.kind, outcome.reason];

const good: FakeAnswers = ({ name }) => recordsOf(name, 'A', ['10.0.0.1']);

test('Resolver draws ids and ports anew for each question', async () => {
  await using dns = await FakeDns.start(good);
  const it = resolver([dns.server]);
  for (let i = 0; i < 20; i++) assert.deepEqual(texts(await it.lookup(DB)), ['10.0.0.1']);
  // Each value twice by chance: once in many billions of runs.
  assert.ok(new Set(dns.ids).size > 10, dns.ids.join());
  assert.ok(new Set(dns.clientPorts).size > 10, dns.clientPorts.join());
});

test('Resolver asks the servers in turn, and begins with the one that answered last', async () => {
  await using broken = await FakeDns.start(() => ({ code: 2 }));
  await using works = await FakeDns.start(good);
  const closed = { ...works.server, port: await freePort() };
  const it = resolver([closed, broken.server, works.server]);
  assert.deepEqual(texts(await it.lookup(DB)), ['10.0.0.1']);
  assert.deepEqual(texts(await it.lookup(DB)), ['10.0.0.1']);
  assert.equal(broken.asked.length, 1);
  assert.equal(works.asked.length, 2);
});

test('Resolver gives up after its time limit with every server, and says what it saw', async () => {
  await using silent = await FakeDns.start(() => null);
  const outcome = await resolver([silent.server], 200).lookup(DB);
  assert.deepEqual(texts(outcome), ['failed', 'name-no-answer']);
  assert.match(outcome.kind === 'failed' ? outcome.detail : '', /did not answer in 200 ms$/);
  // Sent once more at half of the time.
  assert.deepEqual(silent.asked, ['udp A db.test', 'udp A db.test']);
});

test('Resolver says what a broken server answered, though another is silent', async () => {
  await using silent = await FakeDns.start(() => null);
  await using broken = await FakeDns.start(() => ({ code: 5 }));
  for (const servers of [
    [silent.server, broken.server],
    [broken.server, silent.server],
  ]) {
    const outcome = await resolver(servers, 200).lookup(DB);
    assert.deepEqual(texts(outcome), ['failed', 'name-server-error']);
    assert.match(outcome.kind === 'failed' ? outcome.detail : '', /REFUSED/);
  }
});

test('Resolver takes no such name for an answer and asks nobody else', async () => {
  await using first = await FakeDns.start(() => ({ code: 3 }));
  await using second = await FakeDns.start(good);
  const outcome = await resolver([first.server, second.server]).lookup(DB);
  assert.deepEqual(texts(outcome), ['empty', 'name-not-found']);
  assert.equal(second.asked.length, 0);
});

test('Resolver passes over answers with another id, another question, garbage, and questions', async () => {
  await using dns = await FakeDns.start(({ message, name, from, socket }) => {
    const { id, questions } = message;
    const evil = recordsOf(name, 'A', ['6.6.6.6']);
    const forged: Uint8Array[] = [
      writeDns({ id: id ^ 1, questions, ...evil }),
      writeDns({ id, questions: [questionOf('other.test', 'A')], ...evil }),
      writeDns({ id, questions: [questionOf(name, 'AAAA')], ...evil }),
      writeDns({ id, questions: [{ ...questionOf(name, 'A'), class: 3 }], ...evil }),
      writeDns({ id, questions: [], ...evil }),
      writeDns({ id, questions, isAnswer: false, ...evil }),
      writeDns({ id, questions, opcode: 4, ...evil }),
      Buffer.from('garbage'),
      new Uint8Array(0),
    ];
    if (from !== null) for (const bytes of forged) socket.send(bytes, from.port, from.address);
    return recordsOf(name, 'A', ['10.0.0.1']);
  });
  assert.deepEqual(texts(await resolver([dns.server]).lookup(DB)), ['10.0.0.1']);
});

test('Resolver passes over what others than the server send', async () => {
  const other = createSocket('udp4');
  await using dns = await FakeDns.start(async ({ message, name, from }) => {
    const { id, questions } = message;
    const evil = writeDns({ id, questions, ...recordsOf(name, 'A', ['6.6.6.6']) });
    await new Promise((resolve) => {
      other.send(evil, from!.port, from!.address, resolve);
    });
    return recordsOf(name, 'A', ['10.0.0.1']);
  });
  assert.deepEqual(texts(await resolver([dns.server]).lookup(DB)), ['10.0.0.1']);
  other.close();
});

test('Resolver asks over TCP when somebody seems to guess', async () => {
  await using dns = await FakeDns.start(({ message, name, from, socket, transport }) => {
    if (transport === 'tcp') return recordsOf(name, 'A', ['10.0.0.1']);
    const { id, questions } = message;
    for (let i = 1; i <= FOREIGN_MAX; i++) {
      socket.send(writeDns({ id: id ^ i, questions }), from!.port, from!.address);
    }
    return null;
  });
  assert.deepEqual(texts(await resolver([dns.server]).lookup(DB)), ['10.0.0.1']);
  assert.equal(dns.asked.at(-1), 'tcp A db.test');
});

test('Resolver passes over an answer that comes after the time limit', async () => {
  let answerLate = (): void => {};
  await using dns = await FakeDns.start(({ name, message, from, socket }) => {
    const late = writeDns({
      id: message.id,
      questions: message.questions,
      ...recordsOf(name, 'A', ['6.6.6.6']),
    });
    answerLate = () => socket.send(late, from!.port, from!.address);
    return null;
  });
  const it = resolver([dns.server], 100);
  assert.deepEqual(texts(await it.lookup(DB)), ['failed', 'name-no-answer']);
  answerLate();
  dns.answers = ({ name }) => {
    answerLate();
    return recordsOf(name, 'A', ['10.0.0.1']);
  };
  it.configure({ servers: [dns.server], timeoutMs: 10_000 });
  assert.deepEqual(texts(await it.lookup(DB)), ['10.0.0.1']);
});

test('Resolver fails on an answer to its question that is not well-formed', async () => {
  const cut = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bytes.length - 2);
  await using dns = await FakeDns.start(({ message: { id, questions }, name }) =>
    cut(writeDns({ id, questions, ...recordsOf(name, 'A', ['10.0.0.1']) })),
  );
  const outcome = await resolver([dns.server]).lookup(DB);
  assert.deepEqual(texts(outcome), ['failed', 'name-bad-answer']);
  assert.match(outcome.kind === 'failed' ? outcome.detail : '', /the message is cut off/);
});

test('Resolver asks over TCP for what does not fit, with the same care', async () => {
  const many = Array.from({ length: 500 }, (_, i) => `10.1.${i >> 8}.${i & 255}`);
  await using dns = await FakeDns.start(({ name, transport }) =>
    transport === 'udp' ? { isTruncated: true } : recordsOf(name, 'A', many),
  );
  const it = resolver([dns.server], 2_000);
  assert.deepEqual(texts(await it.lookup(DB)).length, 500);
  dns.answers = ({ message: { id, questions }, transport }) =>
    transport === 'udp' ? { isTruncated: true } : writeDns({ id: id ^ 1, questions });
  assert.deepEqual(texts(await it.lookup(DB)), ['failed', 'name-bad-answer']);
  dns.answers = ({ transport }) => (transport === 'udp' ? { isTruncated: true } : null);
  it.configure({ servers: [dns.server], timeoutMs: 200 });
  const silent = await it.lookup(DB);
  assert.match(silent.kind === 'failed' ? silent.detail : '', /over TCP/);
});

test('Resolver speaks without EDNS to a server that does not know it', async () => {
  await using dns = await FakeDns.start(({ message, name, from, socket }) => {
    if (!message.hasEdns) return recordsOf(name, 'A', ['10.0.0.1']);
    // Some leave out the question that they did not understand.
    socket.send(writeDns({ id: message.id, code: 1 }), from!.port, from!.address);
    return null;
  });
  assert.deepEqual(texts(await resolver([dns.server]).lookup(DB)), ['10.0.0.1']);
  assert.equal(dns.asked.length, 2);
});

test('Resolver follows aliases over several answers, but not for ever', async () => {
  const cname = (name: string, target: string) => {
    return { answers: [{ name, ttlS: 9, data: { kind: 'CNAME', target } as const }] };
  };
  await using dns = await FakeDns.start(({ name }) =>
    name === 'db.test' ? cname(name, 'b.test') : recordsOf(name, 'A', ['10.0.0.1']),
  );
  const it = resolver([dns.server]);
  const outcome = await it.lookup(DB);
  assert.ok(outcome.kind === 'records' && outcome.ttlMs === 9_000);
  dns.answers = ({ name }) => cname(name, `x${name}`);
  assert.deepEqual(texts(await it.lookup(DB)), ['failed', 'name-bad-answer']);
  assert.ok(dns.asked.length < 20);
});

test('Resolver asks so many questions at once and no more', async () => {
  let release = (): void => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  await using dns = await FakeDns.start(async ({ name }) => {
    await gate;
    return recordsOf(name, 'A', ['10.0.0.1']);
  });
  const it = resolver([dns.server], 20_000);
  const all = Array.from({ length: 200 }, (_, i) => it.lookup({ host: `h${i}.test`, type: 'A' }));
  await until(() => new Set(dns.asked).size === QUESTIONS_AT_ONCE_MAX, { what: 'questions' });
  assert.equal(it.running, QUESTIONS_AT_ONCE_MAX);
  release();
  const outcomes = await Promise.all(all);
  assert.ok(outcomes.every(({ kind }) => kind === 'records'));
  assert.equal(it.running, 0);
});

test('Resolver that is stopped ends its questions at once', async () => {
  await using dns = await FakeDns.start(() => null);
  const it = resolver([dns.server, dns.server], 60_000);
  const asked = it.lookup(DB);
  await until(() => dns.asked.length > 0, { what: 'a question' });
  it.stop();
  assert.equal((await asked).kind, 'failed');
  assert.equal((await it.lookup(DB)).kind, 'failed');
});

test('Resolver reads the hosts file first, and both files anew after they have changed', async () => {
  using dir = new TempDir();
  const files = { hosts: dir.file('hosts'), resolvConf: dir.file('resolv.conf') };
  writeFileSync(files.hosts, '10.0.0.7 db.test\n0.0.0.0 db.test\n');
  await using dns = await FakeDns.start(good);
  const it = new Resolver(files);
  it.configure({ servers: [dns.server], timeoutMs: 10_000 });
  assert.deepEqual(texts(await it.lookup(DB)), ['10.0.0.7']);
  const v6 = await it.lookup({ host: 'db.test', type: 'AAAA' });
  assert.deepEqual(texts(v6), ['empty', 'name-no-records']);
  assert.equal(dns.asked.length, 0);
  writeFileSync(files.hosts, '10.0.0.7 other.test\n');
  const changed = async () => texts(await it.lookup(DB))[0] === '10.0.0.1';
  await until(changed, { what: 'the changed file', timeoutMs: LOOK_EVERY_MS * 10 });
});
