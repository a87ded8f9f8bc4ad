/** The admin address in a plan. Used by the supervisor alone. */
import type { BindPlan } from './plan.ts';

/** Files are absolute paths of PEM; they are read when the address is opened, and when they change. */
export type AdminTlsPlan = {
  readonly certFile: string;
  readonly keyFile: string;
  /** Roots of clients' certificates; "" asks for none. */
  readonly clientCaFile: string;
};

/** Who may ask. */
export type AdminAccessPlan = {
  /** Absolute path of the file with tokens; "" asks for none. */
  readonly tokenFile: string;
  readonly tls: AdminTlsPlan | null;
};

/** Without `access` whoever reaches the address may ask. */
export type AdminPlan = BindPlan & { readonly access?: AdminAccessPlan };
