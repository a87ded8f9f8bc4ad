import type { ErrorCodeTable } from '../../base/error-codes.ts';

/** Codes of certificates that are obtained by ACME. */
export const ACME_ERROR_CODES = {
  BAL_ACME_ACCOUNT: {
    meaning:
      'The authority does not accept the account: its address, its terms, or the account itself.',
    remedy: 'The message has the words of the authority; docs/tls.md says where accounts are kept.',
  },
  BAL_ACME_ANSWER: {
    meaning: 'The directory gives answers that are none of ACME (RFC 8555).',
    remedy: 'See that the URL of the directory is right, and that no proxy stands before it.',
  },
  BAL_ACME_CAA: {
    meaning: 'A CAA record (RFC 8659) of the name forbids this authority to give certificates.',
    remedy: 'Add the authority to the CAA records of the domain, or use another one.',
  },
  BAL_ACME_CHALLENGE: {
    meaning:
      'The authority reached something at the name, which gave another answer than this balancer.',
    remedy:
      'Let the addresses of the name lead here and nowhere else, and let no proxy before this balancer answer in its place.',
  },
  BAL_ACME_CLOCK: {
    meaning: 'A certificate that was just obtained would have to be renewed at once.',
    remedy: 'Set the clock of this machine.',
  },
  BAL_ACME_CONNECTION: {
    meaning: 'The authority cannot connect to the name.',
    remedy:
      'Let port 80 (http-01) or 443 (tls-alpn-01) of every address of the name, IPv6 too, lead to a listener of this balancer.',
  },
  BAL_ACME_DIRECTORY_CERTIFICATE: {
    meaning: "The directory's own certificate cannot be verified.",
    remedy: 'For an authority of your own give its root as "ca"; otherwise see who answers there.',
  },
  BAL_ACME_DNS: {
    meaning: 'The authority cannot look up the name.',
    remedy: 'Give the name an A or AAAA record with an address that leads to this balancer.',
  },
  BAL_ACME_RATE_LIMIT: {
    meaning: 'The authority has given or refused too much lately, and asks for patience.',
    remedy:
      'It is tried again by itself when the authority allows it. Use its staging directory for experiments.',
  },
  BAL_ACME_REFUSED: {
    meaning: 'The authority refuses the order.',
    remedy: 'The message has the words of the authority.',
  },
  BAL_ACME_SERVER: {
    meaning: 'The authority says that it has a fault of its own.',
    remedy: 'It is tried again by itself. Many authorities have a page with their state.',
  },
  BAL_ACME_STATE: {
    meaning: 'What ACME must keep cannot be written to the state folder, or read from it.',
    remedy:
      'Let the folder "state" be writable for the user that Ballast runs as, with room on the disk.',
  },
  BAL_ACME_TIMEOUT: {
    meaning: 'An order was not finished in its time.',
    remedy: 'The message says what was waited for; it is tried again by itself.',
  },
  BAL_ACME_UNREACHABLE: {
    meaning: 'The directory cannot be reached.',
    remedy:
      'Let this machine connect to the host of the directory, without a proxy, and look up its name.',
  },
  BAL_ACME_WORKERS: {
    meaning: 'Not all workers could be told of a challenge in time.',
    remedy: 'It is tried again by itself; the log says what keeps the workers busy.',
  },
} as const satisfies ErrorCodeTable;
