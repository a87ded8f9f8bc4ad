/** Limits on open files, processes and threads. */
import type { Plan } from '../../../config/plan.ts';
import { advice, ok, problem, subjectText, sysctlNumber, unknown, type Check } from '../check.ts';

/** Descriptors of a worker beside two for each client: docs/operations.md, "Limits and sizing". */
const OWN_DESCRIPTORS = 128;
/** Without a configuration: what the default of limits.connections needs. */
const CONNECTIONS_DEFAULT = 20_000;
/** Threads of a worker or of the supervisor, at most. */
const THREADS_PER_PROCESS = 12;

function wantedFiles(plan: Plan | null): number {
  return 2 * (plan?.limits.connections ?? CONNECTIONS_DEFAULT) + OWN_DESCRIPTORS;
}

export const openFiles: Check = {
  name: 'open-files',
  looksAt: 'the limit on open files of a process, against `limits.connections`',
  why:
    'A client needs two descriptors, one for its server; past the limit a worker takes no more ' +
    'clients, and they wait.',
  remedy: '`LimitNOFILE=` in the unit, `ulimit -n` in a shell',
  look: (facts) => {
    const hard = facts.subject.openFiles;
    const wanted = wantedFiles(facts.plan);
    const now = `${subjectText(facts)} may open ${hard === Infinity ? 'any number of' : hard} files`;
    if (hard >= wanted) return [ok(now)];
    const clients = Math.max(0, Math.floor((hard - OWN_DESCRIPTORS) / 2));
    const asked = (wanted - OWN_DESCRIPTORS) / 2;
    const fault = {
      now: `${now}: ${clients} clients per worker`,
      wanted: `at least ${wanted}, for ${asked} clients per worker`,
      fix: [
        `LimitNOFILE=${wanted}    # in the [Service] section of the unit`,
        `ulimit -n ${wanted}    # in the shell that starts it`,
        `or "limits: { connections: ${clients} }" in the configuration`,
      ],
    };
    return [clients < asked / 4 ? problem(fault) : advice(fault)];
  },
};

export const systemFiles: Check = {
  name: 'file-max',
  looksAt: '`fs.file-max` and `fs.nr_open`, against what all workers may open',
  why: 'They bound all processes together, and each one: a higher LimitNOFILE has no effect then.',
  remedy: '`sysctl -w fs.file-max=…`, `sysctl -w fs.nr_open=…`',
  look: (facts) => {
    const [max, each] = [sysctlNumber(facts, 'fs.file-max'), sysctlNumber(facts, 'fs.nr_open')];
    if (max === null || each === null) return [unknown('fs.file-max cannot be read')];
    const wantedEach = wantedFiles(facts.plan);
    const wanted = wantedEach * (facts.plan?.workers ?? 1);
    const now = `fs.file-max is ${max}, fs.nr_open is ${each}`;
    if (max >= wanted && each >= wantedEach) return [ok(now)];
    const short = max < wanted ? 'fs.file-max' : 'fs.nr_open';
    const value = max < wanted ? wanted : wantedEach;
    const fix = [`sysctl -w ${short}=${value}`];
    return [problem({ now, wanted: `${short} at least ${value}`, fix })];
  },
};

export const tasks: Check = {
  name: 'tasks',
  looksAt: 'the limit on processes and threads of the control group (`TasksMax=`, `pids.max`)',
  why: 'Past it no worker can be started in the place of one that died.',
  remedy: '`TasksMax=` in the unit, `--pids-limit` of a container',
  look: (facts) => {
    const { tasks: limit } = facts.cgroup;
    // The supervisor, the spare, and a worker that is being replaced.
    const wanted = ((facts.plan?.workers ?? facts.cores) + 3) * THREADS_PER_PROCESS;
    if (limit === Infinity) return [ok('processes and threads are not limited')];
    const now = `at most ${limit} processes and threads`;
    if (limit >= wanted) return [ok(now)];
    return [problem({ now, wanted: `at least ${wanted}`, fix: [`TasksMax=${wanted}`] })];
  },
};
