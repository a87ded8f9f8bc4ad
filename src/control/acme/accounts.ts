/**
 * Accounts at directories (RFC 8555 §7.3): one for each directory and address of mail, made when it
 * is needed first and used by all its certificates from then on.
 *
 * The key is on the disk before the directory hears of it: a process that is ended in between finds
 * the same account with it again.
 */
import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { Client } from 'acme-client';
import type { AcmePlan } from '../../config/plan-tls.ts';
import { accountPath } from './acme-files.ts';
import { AcmeError } from './acme-error.ts';
import { KeptFile, type Fields } from './kept-file.ts';
import type { OrderLog } from './run-order.ts';
import type { AcmeLibrary } from './transport.ts';

type Account = {
  readonly directory: string;
  readonly email: string;
  readonly privateKey: string;
  /** "" while the directory has not confirmed it. */
  readonly url: string;
};

export type AccountOptions = {
  readonly library: AcmeLibrary;
  readonly stateFolder: string;
  readonly plan: AcmePlan;
  readonly log: OrderLog;
};

/** A client that speaks for an account that the directory has confirmed some time. */
export async function openAccount(options: AccountOptions): Promise<Client> {
  const { stateFolder, plan, log } = options;
  const { directory, email } = plan;
  const file = new KeptFile<Account>(accountPath(stateFolder, directory, email), parse);
  const known = file.read((warning) => log.warn({ directory }, `account of ACME: ${warning}`));
  if (known !== null && known.url !== '') return clientOf(options, known);
  const account = known ?? { directory, email, privateKey: await newKey('ecdsa'), url: '' };
  if (known === null) await file.write(account);
  const client = clientOf(options, account);
  await register(client, plan);
  const url = client.getAccountUrl();
  await file.write({ ...account, url });
  log.info({ directory, account: url, file: file.path }, 'account of ACME is registered');
  return client;
}

/** The directory does not know the account any more: the same key is registered anew. */
export async function reopenAccount(options: AccountOptions): Promise<Client> {
  const { stateFolder, plan, log } = options;
  const { directory, email } = plan;
  const file = new KeptFile<Account>(accountPath(stateFolder, directory, email), parse);
  log.warn({ directory }, 'the directory does not know the account any more: registered anew');
  const account = file.read(() => undefined);
  if (account !== null) await file.write({ ...account, url: '' });
  return openAccount(options);
}

/** A new private key as PKCS #8, PEM. */
export async function newKey(kind: AcmePlan['keyType']): Promise<string> {
  const make = promisify(generateKeyPair);
  const { privateKey } =
    kind === 'rsa'
      ? await make('rsa', { modulusLength: 2_048 })
      : await make('ec', { namedCurve: 'prime256v1' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function clientOf({ library, plan }: AccountOptions, account: Account): Client {
  const { privateKey: accountKey, url } = account;
  const known = url === '' ? {} : { accountUrl: url };
  return new library.Client({ directoryUrl: plan.directory, accountKey, ...known });
}

async function register(client: Client, { email }: AcmePlan): Promise<void> {
  const contact = email === '' ? {} : { contact: [`mailto:${email}`] };
  try {
    await client.createAccount({ termsOfServiceAgreed: true, ...contact });
  } catch (error) {
    if (error instanceof AcmeError && error.problem === 'accountDoesNotExist') {
      throw new AcmeError('BAL_ACME_ACCOUNT', error.message, { cause: error });
    }
    throw error;
  }
}

function parse(fields: Fields): Account | null {
  const { directory, email, privateKey, url } = fields;
  const isWhole =
    typeof directory === 'string' &&
    typeof email === 'string' &&
    typeof privateKey === 'string' &&
    privateKey.includes('PRIVATE KEY') &&
    typeof url === 'string';
  return isWhole ? { directory, email, privateKey, url } : null;
}
