/** `ballast check`: all mistakes of a configuration. */
import { compareDiagnostics } from '../config/diagnostic.ts';
import { renderDiagnostics } from '../config/render-diagnostic.ts';
import { YamlFile } from '../config/yaml-file.ts';
import { readConfig } from './config-file.ts';
import { EXIT } from './exit-codes.ts';
import { inspectCertificates } from './inspect-certificates.ts';

/** Prints diagnostics to standard error and a summary to standard output. */
export async function check(file: string): Promise<void> {
  const { plan, source, diagnostics: ofFile } = await readConfig(file);
  const yaml = new YamlFile(source, file);
  const ofCertificates = plan === null ? [] : await inspectCertificates(plan, Date.now());
  const diagnostics = [...ofFile, ...ofCertificates.map((finding) => yaml.place(finding))];
  process.stderr.write(renderDiagnostics(diagnostics.sort(compareDiagnostics), source));
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  if (plan === null || errors > 0) {
    process.stdout.write(`${file}: ${counted(errors, 'mistake')}\n`);
    process.exitCode = EXIT.refused;
    return;
  }
  const routes = plan.listeners.reduce((sum, listener) => sum + listener.routes.length, 0);
  const servers = plan.pools.reduce((sum, pool) => sum + pool.servers.length, 0);
  const what = [
    counted(plan.listeners.length + plan.kernel.length, 'listener'),
    counted(routes, 'route'),
    counted(plan.pools.length, 'pool'),
    counted(servers, 'server'),
  ];
  process.stdout.write(`${file}: good: ${what.join(', ')}\n`);
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
