/** Certificates that a database may read: its key must be its own and nobody else's. */
import { chmodSync, copyFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { TlsProbePlan } from '../../src/config/plan-check.ts';
import { TestCertificates, tlsPlan } from '../../src/control/health/test-certificates.ts';
import { TempDir } from '../kit/temp-dir.ts';
import { giveAway } from './unprivileged.ts';

export class DatabaseCertificates implements Disposable {
  /** For 127.0.0.1. */
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
  readonly #folder = new TestCertificates();
  readonly #dir = new TempDir();

  constructor() {
    giveAway(this.#dir.path);
    const made = this.#folder.issue('IP:127.0.0.1');
    this.certFile = this.#copy(made.cert);
    this.keyFile = this.#copy(made.key);
    this.caFile = this.#copy(this.#folder.ca.cert);
  }

  /** TLS that trusts them. */
  get trusting(): TlsProbePlan {
    return tlsPlan({ caFile: this.caFile });
  }

  #copy(path: string): string {
    const copy = this.#dir.file(basename(path));
    copyFileSync(path, copy);
    chmodSync(copy, 0o600);
    giveAway(copy);
    return copy;
  }

  [Symbol.dispose](): void {
    this.#folder.remove();
    this.#dir[Symbol.dispose]();
  }
}
