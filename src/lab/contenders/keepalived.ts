/** Keepalived before a balancer, as people run it and tuned as well as it can be. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { priorityOf, ROUTER_ID, SERVICE, type Contender, type Setting } from './contender.ts';
import { missingOf, pidsMatching, signal } from './processes.ts';

/** How keepalived is set up. */
export type KeepalivedStyle = {
  readonly global: string;
  /** `vrrp_script` or `track_process` blocks, and what the instance tracks. */
  readonly blocks: string;
  readonly instance: string;
};

/** Version 2, a second between advertisements, a script that looks for the process. */
export const asPeopleRunIt = (program: string): KeepalivedStyle => ({
  global: '',
  blocks: `vrrp_script alive {
  script "/usr/bin/pgrep -x ${program}"
  interval 1
  fall 2
  rise 2
}`,
  instance: 'advert_int 1\n  track_script {\n    alive\n  }',
});

/**
 * Version 3, 20 ms, eight misses, a check that connects. Not track_process: the kernel tells of
 * processes in its first network namespace alone, and so keepalived stays in fault elsewhere.
 */
export const TUNED: KeepalivedStyle = {
  global: 'vrrp_version 3',
  blocks: `vrrp_script answers {
  script "/usr/bin/curl -sf -o /dev/null -m 1 http://127.0.0.1:80/"
  interval 1
  timeout 1
  fall 2
  rise 2
}`,
  instance: `advert_int 0.02
  down_timer_adverts 8
  track_script {
    answers
  }`,
};

export type Proxy = {
  readonly program: string;
  readonly config: (setting: Setting) => string;
  readonly args: (file: string) => readonly string[];
  /** Files that it needs, by what they are called. */
  readonly files?: Readonly<Record<string, string>>;
};

/** A contender of a proxy and keepalived. */
export function withKeepalived(
  given: { readonly name: string; readonly title: string },
  proxy: Proxy,
  style: KeepalivedStyle,
): Contender {
  const file = ({ folder }: Setting, node: string, what: string): string =>
    join(folder, `${node}.${what}`);
  const writeKeepalived = (setting: Setting, node: string, addresses: readonly string[]): void => {
    writeFileSync(file(setting, node, 'keepalived'), keepalivedConfig(node, style, addresses));
  };
  const agents = /keepalived/;
  const balancers = new RegExp(proxy.program);
  return {
    ...given,
    missing: () => {
      const files = Object.entries(proxy.files ?? {}).filter(([, path]) => !existsSync(path));
      const programs = missingOf([proxy.program, 'keepalived', 'curl', 'pgrep']);
      return [...programs, ...files.map(([name]) => name)];
    },
    async start(setting, node) {
      const { network } = setting;
      writeFileSync(file(setting, node, 'proxy'), proxy.config(setting));
      writeKeepalived(setting, node, [SERVICE]);
      const quiet = { stdio: 'ignore' } as const;
      network.start(node, [proxy.program, ...proxy.args(file(setting, node, 'proxy'))], quiet);
      await untilListening(setting, node);
      const pid = (what: string): string => file(setting, node, `${what}.pid`);
      const pids = ['-p', pid('main'), '-r', pid('vrrp'), '-c', pid('check')];
      const args = ['-n', '-l', '-P', '-f', file(setting, node, 'keepalived'), ...pids];
      network.start(node, ['keepalived', ...args], quiet);
    },
    pids(setting, node, part) {
      return pidsMatching(setting, node, part === 'agent' ? agents : balancers);
    },
    stop(setting, node) {
      signal(pidsMatching(setting, node, agents), 'SIGTERM');
      // As a unit that is ordered after it: the balancer ends once the address has gone.
      setTimeout(() => signal(pidsMatching(setting, node, balancers), 'SIGUSR1'), 1_000);
    },
    move(setting, node) {
      signal(pidsMatching(setting, node, agents), 'SIGTERM');
    },
    reload(setting, node, addresses) {
      writeKeepalived(setting, node, addresses);
      signal(pidsMatching(setting, node, agents).slice(0, 1), 'SIGHUP');
    },
  };
}

function keepalivedConfig(
  node: string,
  style: KeepalivedStyle,
  addresses: readonly string[],
): string {
  return `global_defs {
  router_id ${node}
  script_user root
  ${style.global}
}
${style.blocks}
vrrp_instance front {
  state BACKUP
  interface eth0
  virtual_router_id ${ROUTER_ID}
  priority ${priorityOf(node)}
  virtual_ipaddress {
    ${addresses.map((address) => `${address}/24`).join('\n    ')}
  }
  ${style.instance}
}
`;
}

async function untilListening({ network }: Setting, node: string): Promise<void> {
  for (let i = 0; i < 200; i++) {
    try {
      network.run(node, 'curl', '-s', '-o', '/dev/null', '-m', '1', 'http://127.0.0.1:80/');
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
  throw new Error(`the balancer on ${node} does not answer`);
}
