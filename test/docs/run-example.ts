/** Configurations of the documents, made to run here: with ports, files and servers of the test. */
import { parse } from 'yaml';
import type { Tree } from '../kit/config.ts';
import { freePort } from '../kit/free-ports.ts';
import { blocksOf, page } from './pages.ts';

export type ExampleParts = {
  /** Real paths by those that the document names. */
  readonly files: Readonly<Record<string, string>>;
  /** An address for the last server of each pool; the others are left out. */
  readonly servers: Readonly<Record<string, string>>;
};

export type Example = {
  readonly config: Tree;
  /** Ports of 127.0.0.1 by the names of listeners. */
  readonly ports: Readonly<Record<string, number>>;
};

/** The first configuration under a heading of a document; "" is the one before any heading. */
export async function exampleUnder(
  path: string,
  heading: string,
  { files, servers }: ExampleParts,
): Promise<Example> {
  const { text } = page(path);
  const from = heading === '' ? 0 : text.indexOf(`\n${heading}\n`);
  const [block] = blocksOf({ path, text: text.slice(from) }).filter(
    ({ language }) => language === 'yaml',
  );
  const found = withFiles(parse(block!.text), files) as Record<string, Record<string, Tree>>;
  const ports: Record<string, number> = {};
  for (const name of Object.keys(found['listeners']!)) ports[name] = await freePort();
  const listeners = Object.entries(found['listeners']!).map(([name, listener]) => {
    const redirects = listener['redirectToHttps'] === true;
    const to = redirects ? { redirectToHttps: ports['web'] } : {};
    return [name, { ...listener, bind: `127.0.0.1:${ports[name]}`, ...to }];
  });
  const pools = Object.entries(found['pools']!).map(([name, pool]) => {
    const last = (pool['servers'] as (string | Tree)[]).at(-1)!;
    const address = servers[name]!;
    const server = typeof last === 'string' ? address : { ...last, address };
    return [name, { ...pool, servers: [server] }];
  });
  const config = {
    ...found,
    workers: 1,
    listeners: Object.fromEntries(listeners) as Tree,
    pools: Object.fromEntries(pools) as Tree,
  };
  return { config, ports };
}

/** The value with the paths of files replaced. */
function withFiles(value: unknown, files: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') return files[value] ?? value;
  if (Array.isArray(value)) return value.map((one) => withFiles(one, files));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, withFiles(inner, files)]),
  );
}
