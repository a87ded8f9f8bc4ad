import type { Plan } from '../../config/plan.ts';

/** A PEM file that a plan needs beside its certificates. */
export type PlanFile = { readonly path: string; readonly what: string; readonly label: PemLabel };

/** What a file must hold, as the last words of its blocks' labels say. */
export type PemLabel = 'CERTIFICATE' | 'X509 CRL' | 'PRIVATE KEY';

/** CAs, CRLs and what is shown to servers: each path once. */
export function planFiles(plan: Plan): PlanFile[] {
  const files = new Map<string, PlanFile>();
  const add = (path: string, what: string, label: PemLabel): void => {
    if (path !== '') files.set(`${label} ${path}`, { path, what, label });
  };
  for (const listener of plan.listeners) {
    const auth = 'tls' in listener ? (listener.tls?.clientAuth ?? null) : null;
    if (auth === null) continue;
    add(
      auth.caFile,
      `the authorities for clients of the listener "${listener.key}"`,
      'CERTIFICATE',
    );
    add(auth.crlFile, `the CRLs of the listener "${listener.key}"`, 'X509 CRL');
  }
  for (const { key, tls } of plan.pools) {
    if (tls === null) continue;
    if (tls.verify) add(tls.caFile, `the authorities of the pool "${key}"`, 'CERTIFICATE');
    add(tls.certFile, `the client certificate of the pool "${key}"`, 'CERTIFICATE');
    add(tls.keyFile, `the client key of the pool "${key}"`, 'PRIVATE KEY');
  }
  return [...files.values()];
}

/** Whether a pool's servers are verified by the usual roots. */
export function needsRoots(plan: Plan): boolean {
  return plan.pools.some(({ tls }) => tls !== null && tls.verify && tls.caFile === '');
}

/** Whether anything of the plan has to do with TLS. */
export function needsStore(plan: Plan): boolean {
  return (
    plan.certificates.length > 0 ||
    plan.pools.some(({ tls }) => tls !== null) ||
    plan.listeners.some((listener) => 'tls' in listener && listener.tls !== null)
  );
}
