import type { ErrorCodeTable } from '../base/error-codes.ts';

/** Codes of the lab. */
export const LAB_ERROR_CODES = {
  BAL_LAB_NAMESPACES: {
    meaning: 'The lab cannot make hosts: it needs root, or user namespaces.',
    remedy: 'Run it as root, or allow user namespaces (kernel.unprivileged_userns_clone=1).',
  },
  BAL_LAB_UNKNOWN: {
    meaning: 'There is no scenario, or no contender, of this name.',
    remedy: '"ballast lab list" names them all.',
  },
} as const satisfies ErrorCodeTable;
