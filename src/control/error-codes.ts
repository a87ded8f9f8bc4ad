import type { ErrorCodeTable } from '../base/error-codes.ts';

/** Codes of the control plane and of the commands. */
export const CONTROL_ERROR_CODES = {
  BAL_ADMIN_FILE: {
    meaning: 'A file of the admin address (token, certificate, key, CA) cannot be read or used.',
    remedy: 'Let the user that Ballast runs as, or that runs the command, read it.',
  },
  BAL_ADMIN_TOKENS: {
    meaning: 'The token file of the admin address has no tokens, or lines that are none.',
    remedy: 'Write "read TOKEN" or "write TOKEN" on each line, 16 characters or more.',
  },
  BAL_ADMIN_LISTEN: {
    meaning: 'The admin server cannot listen on its address.',
    remedy: 'Choose another address for admin, or switch it off with "admin: off".',
  },
  BAL_ADMIN_UNKNOWN: {
    meaning: 'The file that should name the admin address has mistakes: nothing was asked.',
    remedy: 'Mend the mistakes that stand above, or give --admin ADDR.',
  },
  BAL_ADMIN_UNREACHABLE: {
    meaning: 'A command found no balancer at the admin address.',
    remedy: 'Give the configuration file or --admin ADDR, and see that the balancer runs.',
  },
  BAL_ADMIN_ANSWER: {
    meaning: 'What answers at the admin address is not this program, or not this version of it.',
    remedy: 'Use the command of the version that runs.',
  },
  BAL_CONFIG_OUTDATED: {
    meaning: 'A configuration was sent that was made from one that is not in force any more.',
    remedy: 'Read the configuration anew, make the change in that, and send it again.',
  },
  BAL_HISTORY_UNKNOWN: {
    meaning: 'There is no configuration of this number, or its text is not kept.',
    remedy: 'See "ballast history": the last ten are kept.',
  },
  BAL_ROLLBACK_WRITE: {
    meaning: 'A configuration is in force again, and could not be written to the file.',
    remedy: 'Run "ballast rollback NUMBER --write" as a user who may write there.',
  },
  BAL_LOG_OPEN: {
    meaning: 'The file of the access log cannot be opened.',
    remedy: 'Let its folder exist and be writable for the user that Ballast runs as.',
  },
  BAL_PLAN_TOO_LARGE: {
    meaning: 'The configuration has more things than there are places for counters.',
    remedy: 'Split the configuration over several balancers.',
  },
  BAL_RELOAD_DRAINING: {
    meaning: 'A reload was asked for while the balancer drains.',
    remedy: 'Start it anew instead.',
  },
  BAL_RELOAD_REFUSED: {
    meaning: 'A worker could not put the new plan in force; the one before stays.',
    remedy: 'The message of the worker says what it met.',
  },
  BAL_RELOAD_STARTING: {
    meaning: 'A reload was asked for before the balancer served its first configuration.',
    remedy: 'Wait for the line "ready".',
  },
  BAL_SERVER_CHANGE: {
    meaning: 'What was asked for is not a state or a weight that a server can have.',
    remedy: 'The hint says what is allowed.',
  },
  BAL_SERVER_UNKNOWN: {
    meaning: 'The plan in force has no server of this name.',
    remedy: 'See "ballast status": a server is written POOL/SERVER, and "*" stands for any text.',
  },
  BAL_SERVER_BUSY: {
    meaning: 'A drained server still has requests or sessions when the time to wait is over.',
    remedy:
      'It stays drained: wait longer, or end them by "ballast maintenance" and "onDown: close".',
  },
  BAL_SERVER_GONE: {
    meaning: 'A server that was being drained has left the configuration before it was empty.',
    remedy: 'What was on it goes on until it ends, and is not counted: look at the server itself.',
  },
  BAL_UPGRADE_ABANDONED: {
    meaning: 'The process to take over from ended, or changed its mind, before it had handed over.',
    remedy: 'Nothing: what was started for the upgrade ends by itself.',
  },
  BAL_UPGRADE_BROKEN: {
    meaning: 'A program that was started by an upgrade cannot understand the one that runs.',
    remedy: 'Stop and start the service once; from then on upgrades work.',
  },
  BAL_UPGRADE_DRAINING: {
    meaning: 'An upgrade was asked for while the balancer drains, or has handed over already.',
    remedy: 'Ask the process that has taken over, or start the balancer anew.',
  },
  BAL_UPGRADE_FAILED: {
    meaning: 'The new program ended before it had taken over; the one before goes on unchanged.',
    remedy: 'Read what it wrote to standard error.',
  },
  BAL_UPGRADE_LATE: {
    meaning: 'The new program was not ready in time and was ended; the one before goes on.',
    remedy: 'Give it longer with --timeout, or find out what it waits for.',
  },
  BAL_UPGRADE_REFUSED: {
    meaning: 'The new program said why it cannot take over; the one before goes on unchanged.',
    remedy: 'The message is its own: most often the configuration has mistakes.',
  },
  BAL_UPGRADE_RUNNING: {
    meaning: 'An upgrade was asked for while another one is under way.',
    remedy: 'Wait for its end.',
  },
  BAL_UPGRADE_STARTING: {
    meaning: 'An upgrade was asked for before the balancer served its first configuration.',
    remedy: 'Wait for the line "ready".',
  },
  BAL_UPGRADE_UNAVAILABLE: {
    meaning: 'The balancer does not know the program on the disk that it was started from.',
    remedy: 'Start it with "ballast run".',
  },
  BAL_WORKER_START: {
    meaning: 'The worker processes end before they serve.',
    remedy: 'Read what they wrote to standard error.',
  },
} as const satisfies ErrorCodeTable;
