/** The options of commands that speak to a running balancer. */
import type { Command } from 'commander';
import type { AdminChoice } from './admin-target.ts';

export type AdminFlags = {
  readonly admin?: string;
  readonly tokenFile?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
};

/** Adds `--admin` and what goes with an address that asks who is there. */
export function addAdminOptions(command: Command): Command {
  return command
    .option('--admin <addr>', 'its admin address: HOST:PORT, https://HOST:PORT or unix:/path')
    .option('--token-file <file>', 'a file with a token for it')
    .option('--ca <file>', 'roots to trust, PEM, where it speaks TLS')
    .option('--cert <file>', 'a certificate to show to it, PEM')
    .option('--key <file>', 'the key of --cert; where it is left out, --cert holds it too');
}

/** What was given. */
export function adminChoice(
  file: string | undefined,
  { admin, tokenFile, ca, cert, key }: AdminFlags,
): AdminChoice {
  return { file, admin, tokenFile, ca, cert, key };
}
