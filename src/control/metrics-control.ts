/** Metrics of the control plane itself: processes, reloads, health. */
import { WORKER_METER } from '../base/meters.ts';
import { acmeFamilies } from './acme/acme-metrics.ts';
import type { ControlParts } from './control-view.ts';
import type { AgentCounters } from './server-states/agent/agent-checker.ts';
import { addressFamilies } from './guardian/address-metrics.ts';
import { single, type MetricFamily, type Sample } from './metric-family.ts';
import { nameFamilies } from './names/name-metrics.ts';

const MS_PER_SECOND = 1_000;
const US_PER_SECOND = 1e6;

/** Every family that does not come from the meters of listeners, routes, pools and servers. */
export function controlFamilies(parts: ControlParts): MetricFamily[] {
  return [
    ...processFamilies(parts),
    ...reloadFamilies(parts),
    ...healthFamilies(parts),
    ...nameFamilies(parts),
    ...parts.certificates.families(),
    ...acmeFamilies(parts),
    ...addressFamilies(parts),
  ];
}

function processFamilies(parts: ControlParts): MetricFamily[] {
  const { productVersion, startedAt, fleet, succession } = parts;
  const workers = fleet.workers;
  const perWorker = (value: (index: number) => number): Sample[] =>
    workers.map((worker, place) => ({ value: value(place), labels: { worker: worker.index } }));
  const field = (place: number, id: number) => workers[place]!.segment.values[id]!;
  return [
    {
      name: 'ballast_build_info',
      help: '1, with the version of the program.',
      type: 'gauge',
      values: [{ value: 1, labels: { version: productVersion, node: process.versions.node } }],
    },
    single(
      'ballast_start_time_seconds',
      'gauge',
      'When it was started.',
      startedAt / MS_PER_SECOND,
    ),
    single(
      'ballast_generation',
      'gauge',
      '1 at a start, one more with each upgrade in place.',
      succession.generation,
    ),
    single(
      'ballast_upgrade_failures_total',
      'counter',
      'Upgrades in place after which this process went on.',
      succession.upgrader.failed,
    ),
    single('ballast_worker_restarts_total', 'counter', 'Workers replaced.', fleet.restarts),
    {
      name: 'ballast_worker_state',
      help: '1, with the state of each worker process.',
      type: 'gauge',
      values: workers.map(({ index, shownState }) => ({
        value: 1,
        labels: { worker: index, state: shownState },
      })),
    },
    {
      name: 'ballast_worker_heartbeat_age_seconds',
      help: "For how long the worker's loop has not turned.",
      type: 'gauge',
      values: perWorker((place) => fleet.silentMs(workers[place]!) / MS_PER_SECOND),
    },
    {
      name: 'ballast_worker_turn_max_seconds',
      help: "Longest turn of the worker's loop while work waited.",
      type: 'gauge',
      values: perWorker((place) => field(place, WORKER_METER.turnMaxUs) / US_PER_SECOND),
    },
    {
      name: 'ballast_worker_plan_version',
      help: 'Version of the plan in force in the worker.',
      type: 'gauge',
      values: perWorker((place) => workers[place]!.appliedVersion),
    },
  ];
}

function reloadFamilies({ plan, reloader }: ControlParts): MetricFamily[] {
  const { last, succeeded, failed } = reloader;
  return [
    single('ballast_plan_version', 'gauge', 'Version of the plan in force.', plan.version),
    {
      name: 'ballast_reloads_total',
      help: 'Reloads by their result.',
      type: 'counter',
      values: [
        { value: succeeded, labels: { result: 'success' } },
        { value: failed, labels: { result: 'failure' } },
      ],
    },
    single(
      'ballast_reload_last_success',
      'gauge',
      '1 unless the latest reload failed.',
      last === null || last.ok ? 1 : 0,
    ),
  ];
}

function healthFamilies({ health }: ControlParts): MetricFamily[] {
  const up: Sample[] = [];
  const weight: Sample[] = [];
  const administrative: Sample[] = [];
  for (const view of health.views()) {
    const { pool, server, combined, observed } = view;
    const labels = { pool: pool.key, server: server.name };
    const isUp = observed.state === 'up' || observed.state === 'falling';
    up.push({ value: isUp ? 1 : 0, labels });
    weight.push({ value: view.weight, labels });
    administrative.push({ value: 1, labels: { ...labels, state: combined.administrative } });
  }
  const failures = [...health.counters.failures].map(([reason, value]) => {
    return { value, labels: { reason } };
  });
  return [
    {
      name: 'ballast_server_up',
      help: '1 while it is observed to be up.',
      type: 'gauge',
      values: up,
    },
    {
      name: 'ballast_server_weight',
      help: 'Weight in force.',
      type: 'gauge',
      values: weight,
    },
    {
      name: 'ballast_server_administrative',
      help: '1, with what is asked of the server: ready, drain or maintenance.',
      type: 'gauge',
      values: administrative,
    },
    single('ballast_checks_total', 'counter', 'Checks that ended.', health.counters.probes),
    {
      name: 'ballast_check_failures_total',
      help: 'Checks that failed, by reason.',
      type: 'counter',
      values: failures,
    },
    ...agentFamilies(health.agentCounters),
  ];
}

function agentFamilies({ answered, failed, unknownWords }: AgentCounters): MetricFamily[] {
  return [
    {
      name: 'ballast_agent_checks_total',
      help: 'Questions to agents, by their result.',
      type: 'counter',
      values: [
        { value: answered, labels: { result: 'answered' } },
        { value: failed, labels: { result: 'failed' } },
      ],
    },
    single(
      'ballast_agent_unknown_words_total',
      'counter',
      'Words of agents that mean nothing.',
      unknownWords,
    ),
  ];
}
