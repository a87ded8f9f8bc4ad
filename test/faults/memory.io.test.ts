// A worker takes all memory: V8 ends it at its limit, or the kernel does.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { connectTo } from '../kit/byte-stream.ts';
import { FaultScene } from '../kit/fault-scene.ts';
import { isAlive } from '../kit/processes.ts';
import { getBytes } from '../kit/scene.ts';
import { delay, until } from '../kit/wait.ts';

const GREEDY = getBytes('/', 'X-Ballast-Fault: heap');
const MIB = 1 << 20;

/** Lets a worker take all memory; resolves with its id when it is gone. */
async function starve(scene: FaultScene): Promise<number> {
  const pids = await scene.ballast.workerPids();
  const client = await connectTo(scene.ports.http);
  await client.write(GREEDY);
  await client.closed(60_000);
  assert.equal(client.text, '');
  return until(() => pids.find((pid) => !isAlive(pid)), { what: 'a worker to end' });
}

test('a worker whose heap is full is replaced, the other one and its clients do not notice', async () => {
  const env = {
    BALLAST_TEST_FAULT: '1',
    BALLAST_WORKER_NODE_FLAGS: '--max-old-space-size=64',
  };
  await using scene = await FaultScene.start({ env });
  const newcomers = scene.newcomers();
  await newcomers.more(20);
  await scene.spare();
  const gone = await starve(scene);
  await until(
    async () => {
      const pids = await scene.ballast.workerPids();
      return pids.length === 2 && !pids.includes(gone);
    },
    { what: 'another worker in its place' },
  );
  await newcomers.more(20);
  await newcomers.stop();
  assert.ok(newcomers.failures.length <= 2, newcomers.failures.join('\n'));
  assert.match(scene.ballast.stderr, /was ended by SIGABRT|hung: no heartbeat/);
});

type Group = { readonly move: (pid: number) => void; readonly remove: () => Promise<void> };

/** A control group with a limit on memory, of either version; null where none can be made. */
function memoryGroup(limitBytes: number): Group | null {
  const ways = [
    { root: '/sys/fs/cgroup/memory', file: 'memory.limit_in_bytes' },
    { root: '/sys/fs/cgroup', file: 'memory.max' },
  ];
  for (const { root, file } of ways) {
    const folder = `${root}/ballast-test-${process.pid}`;
    try {
      mkdirSync(folder);
      try {
        writeFileSync(`${folder}/${file}`, String(limitBytes));
        readFileSync(`${folder}/cgroup.procs`);
      } catch {
        rmdirSync(folder);
        continue;
      }
    } catch {
      continue;
    }
    const empty = async (): Promise<void> => {
      await until(() => readFileSync(`${folder}/cgroup.procs`, 'utf8') === '', { what: 'its end' });
      rmdirSync(folder);
    };
    return {
      move: (pid) => writeFileSync(`${folder}/cgroup.procs`, String(pid)),
      remove: empty,
    };
  }
  return null;
}

test('a worker that the kernel kills for memory is replaced as one that dies', async (t) => {
  const group = memoryGroup(192 * MIB);
  if (group === null) {
    t.skip('needs the right to make a control group with a limit on memory');
    return;
  }
  try {
    const env = { BALLAST_TEST_FAULT: '1' };
    await using scene = await FaultScene.start({ top: { workers: 1 }, env });
    const [worker] = await scene.ballast.workerPids();
    await scene.spare();
    group.move(worker!);
    await delay(50);
    const newcomers = scene.newcomers();
    await newcomers.more(10);
    assert.equal(await starve(scene), worker);
    await newcomers.more(20);
    await newcomers.stop();
    assert.ok(newcomers.failures.length <= 2, newcomers.failures.join('\n'));
    assert.match(scene.ballast.stderr, /was ended by SIGKILL|hung: no heartbeat/);
  } finally {
    await group.remove();
  }
});
