// The dashboard in a real browser: it shows what happens, changes what it is told to, asks nobody else.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { Ballast } from '../kit/ballast.ts';
import { freePort } from '../kit/free-ports.ts';
import { TempDir } from '../kit/temp-dir.ts';
import { WAIT_MS, until } from '../kit/wait.ts';
import { Browser, browserSkip, TELEPHONE } from './browser.ts';
import { DashboardScene } from './dashboard-scene.ts';

const options = { skip: browserSkip };

let scene: DashboardScene;
let browser: Browser;
let page: Page;

before(async () => {
  if (browserSkip !== false) return;
  scene = await DashboardScene.start({ pools: { web: ['alder', 'birch', 'cedar'], api: ['fir'] } });
  browser = await Browser.start();
  ({ page } = browser);
  page.setDefaultTimeout(WAIT_MS);
  await page.goto(scene.url);
  await row('web/cedar').waitFor();
});

after(async () => {
  if (browserSkip !== false) return;
  await browser[Symbol.asyncDispose]();
  await scene[Symbol.asyncDispose]();
});

function row(key: string, on = page): Locator {
  return on.locator(`#servers-rows tr[data-key="${key}"]`);
}

async function manage(key: string, action: string): Promise<void> {
  await page.getByRole('button', { name: `Manage ${key}` }).click();
  await page.locator(`#server-actions [data-acts="${action}"]`).click();
}

async function administrative(key: string) {
  const answer = await fetch(`${scene.url}v1/pools/${key.replace('/', '/servers/')}`);
  return ((await answer.json()) as { administrative: { state: string; weight: number | null } })
    .administrative;
}

test(
  'dashboard: it shows listeners, routes, pools, servers, workers and the past',
  options,
  async () => {
    await page.getByText('All 4 servers are well').waitFor();
    for (const id of ['listeners', 'pools', 'routes']) {
      await page.locator(`#${id}-rows tr`).nth(1).waitFor();
    }
    await page.locator('#workers-rows tr').first().waitFor();
    await page.locator('.chart path.k-rate').first().waitFor({ state: 'attached' });
  },
);

test(
  'dashboard: a server that goes down is shown within 2 s, and told as an event',
  options,
  async (t) => {
    scene.servers.get('web/cedar')!.stop();
    await scene.serverState('web/cedar', 'down');
    const begin = performance.now();
    await row('web/cedar').locator('.badge.down').waitFor();
    t.diagnostic(`shown ${Math.round(performance.now() - begin)} ms after it was known`);
    await page.getByText('1 of 4 servers is down').waitFor();
    await page.locator('#events li.bad', { hasText: 'web/cedar is down' }).waitFor();
    // What needs a look stands first.
    assert.equal(
      await page.locator('#servers-rows tr').first().getAttribute('data-key'),
      'web/cedar',
    );
  },
);

test(
  'dashboard: a server is drained by a click that is confirmed, and taken back',
  options,
  async () => {
    await manage('web/alder', 'drain');
    await page.locator('#ask').waitFor();
    await page.keyboard.press('Escape');
    assert.equal((await administrative('web/alder')).state, 'ready');
    await manage('web/alder', 'drain');
    await page.locator('#ask-do').click();
    await row('web/alder').locator('.badge.drain').waitFor();
    assert.equal((await administrative('web/alder')).state, 'drain');
    await page.locator('#toast', { hasText: 'web/alder is draining' }).waitFor();
    await page.locator('#events li', { hasText: 'web/alder: ready → drain' }).waitFor();
    await manage('web/alder', 'ready');
    await page.locator('#ask-do').click();
    await row('web/alder').locator('.badge.drain').waitFor({ state: 'hidden' });
  },
);

test(
  'dashboard: taking the last server of a pool is warned of before it is done',
  options,
  async () => {
    await manage('api/fir', 'maintenance');
    await page.locator('#ask-warning', { hasText: 'the last server of api' }).waitFor();
    await page.locator('#ask-cancel').click();
    await page.locator('#server-close').click();
    assert.equal((await administrative('api/fir')).state, 'ready');
  },
);

test('dashboard: a weight is set, and taken back with an empty field', options, async () => {
  await manage('web/birch', 'weight');
  await page.locator('#ask-number').fill('7');
  await page.keyboard.press('Enter');
  await row('web/birch').getByText('7 (1)').waitFor();
  assert.equal((await administrative('web/birch')).weight, 7);
  await manage('web/birch', 'weight');
  await page.locator('#ask-number').fill('');
  await page.locator('#ask-do').click();
  await row('web/birch').getByText('7 (1)').waitFor({ state: 'hidden' });
  assert.equal((await administrative('web/birch')).weight, null);
});

test('dashboard: the filter finds by name, pool and state', options, async () => {
  const shown = () => page.locator('#servers-rows tr').count();
  await page.locator('#servers-text').fill('bir');
  await until(async () => (await shown()) === 1, { what: 'one server' });
  await page.locator('#servers-text').fill('no such server');
  await page.getByText('No server is like that.').waitFor();
  await page.locator('#servers-text').fill('');
  await page.locator('#servers-pool').selectOption('api');
  await until(async () => (await shown()) === 1, { what: 'the server of api' });
  await page.locator('#servers-pool').selectOption('');
  await page.locator('#servers-state').selectOption('down');
  await until(async () => (await shown()) === 1, { what: 'the server that is down' });
  await page.locator('#servers-state').selectOption('');
});

test('dashboard: light and dark follow the system, and a switch', options, async () => {
  // The page is told of a change some time after it.
  const themeIs = (wanted: string) =>
    until(async () => (await page.evaluate('document.documentElement.dataset.theme')) === wanted, {
      what: `the page in ${wanted}`,
    });
  await themeIs('light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await themeIs('dark');
  await page.locator('#theme').click();
  await themeIs('light');
  await page.emulateMedia({ colorScheme: 'light' });
});

test('dashboard: on 360 px nothing has to be scrolled sideways', options, async () => {
  await using telephone = await Browser.start(TELEPHONE);
  await telephone.page.goto(scene.url);
  await row('web/alder', telephone.page).waitFor();
  const width = 'document.documentElement.scrollWidth';
  assert.equal(await telephone.page.evaluate(width), TELEPHONE.width);
  await telephone.page.getByRole('button', { name: 'Manage web/alder' }).click();
  await telephone.page.locator('#server-facts dd').first().waitFor();
  assert.equal(await telephone.page.evaluate(width), TELEPHONE.width);
  assert.deepEqual(telephone.faults, []);
});

test(
  'dashboard: what servers say is text, whatever it holds; inline scripts do not run',
  options,
  async () => {
    await using other = await Browser.start();
    const evil = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>';
    await other.page.route('**/v1/servers?*', async (route) => {
      const answer = await route.fetch();
      const body = (await answer.json()) as { servers: Record<string, unknown>[] };
      for (const server of body.servers) {
        server['name'] = evil;
        server['detail'] = evil;
        server['state'] = 'down';
      }
      await route.fulfill({ response: answer, json: body });
    });
    await other.page.goto(scene.url);
    await other.page.locator('#servers-rows .name', { hasText: '<img src=x' }).first().waitFor();
    assert.equal(await other.page.locator('main img, main script').count(), 0);
    // Even who could write HTML, a handler or a script into the page gets nothing run.
    const refusals = await other.page.evaluate(`[
    () => { document.body.innerHTML += ${JSON.stringify(evil)}; },
    () => document.createElement('img').setAttribute('onerror', 'window.pwned=1'),
    () => { document.createElement('script').textContent = 'window.pwned=1'; },
  ].map((attack) => {
    try { attack(); } catch (error) { return error.name; }
    return 'done';
  }).join()`);
    assert.equal(refusals, 'TypeError,TypeError,TypeError');
    assert.equal(await other.page.evaluate('window.pwned'), undefined);
  },
);

test(
  'dashboard: where a token is asked for, it asks for it and keeps it for its tab',
  options,
  async () => {
    using dir = new TempDir();
    const token = 'writer-0123456789';
    const tokenFile = dir.file('tokens');
    writeFileSync(tokenFile, `${token}\n`, { mode: 0o600 });
    await using guarded = await DashboardScene.start({ pools: { web: ['alder'] }, tokenFile });
    await using other = await Browser.start();
    other.page.setDefaultTimeout(WAIT_MS);
    await other.page.goto(guarded.url);
    await other.page.locator('#login-token').fill('wrong-0123456789');
    await other.page.keyboard.press('Enter');
    await other.page.getByText('This token is not taken.').waitFor();
    await other.page.locator('#login-token').fill(token);
    await other.page.keyboard.press('Enter');
    await row('web/alder', other.page).waitFor();
    await other.page.locator('#events li').first().waitFor();
    await other.page.reload();
    await row('web/alder', other.page).waitFor();
    assert.equal(await other.page.evaluate('document.cookie'), '');
  },
);

test('dashboard: of ten thousand servers it shows a page, and finds any', options, async (t) => {
  const admin = `127.0.0.1:${await freePort()}`;
  const servers = Array.from({ length: 10_000 }, (_, i) => {
    return { name: `s${i}`, address: `127.1.${i >> 8}.${i & 255}:9` };
  });
  const listeners = { web: { bind: `127.0.0.1:${await freePort()}`, pool: 'web' } };
  await using ballast = await Ballast.start({
    admin,
    workers: 1,
    listeners,
    pools: { web: { servers } },
  });
  await using other = await Browser.start();
  other.page.setDefaultTimeout(WAIT_MS);
  const begin = performance.now();
  await other.page.goto(`http://${admin}/`);
  await other.page.getByText('1–50 of 10,000').waitFor();
  t.diagnostic(`shown after ${Math.round(performance.now() - begin)} ms`);
  assert.equal(await other.page.locator('#servers-rows tr').count(), 50);
  await other.page.locator('#servers-next').click();
  await row('web/s50', other.page).waitFor();
  await other.page.locator('#servers-text').fill('s9999');
  await row('web/s9999', other.page).waitFor();
  assert.equal(await other.page.locator('#servers-rows tr').count(), 1);
  assert.equal(ballast.hasEnded, false);
});

test('dashboard: it has no errors, and asks nobody but the balancer', options, () => {
  assert.deepEqual(browser.faults, []);
  assert.ok(browser.asked.length > 5);
  const others = browser.asked.filter((url) => !url.startsWith(scene.url) && url !== 'data:,');
  assert.deepEqual(others, []);
});

test('dashboard: a balancer that is gone is told of, and greyed', options, async () => {
  scene.ballast.signal('SIGTERM');
  scene.ballast.signal('SIGTERM');
  await scene.ballast.exited();
  await page.getByText(/no answer since \d+ s/).waitFor();
  await page.locator('main.lost').waitFor();
});
