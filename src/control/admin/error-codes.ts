import type { ErrorCodeTable } from '../../base/error-codes.ts';

/** Codes of the admin API, as its problem documents carry them. */
export const API_ERROR_CODES = {
  BAL_API_BODY: {
    meaning: 'The body of a request to the admin API is not what the route takes.',
    remedy: 'The message names the part; /v1/openapi.json has the schema.',
  },
  BAL_API_BUSY: {
    meaning: 'The admin API has as much to do as it takes on at once.',
    remedy: 'Ask again after a moment, or close pages and programs that follow its events.',
  },
  BAL_API_CONFIG: {
    meaning: 'A configuration that was sent has mistakes: nothing was changed.',
    remedy: 'The problem lists them in "diagnostics", each with its line and column.',
  },
  BAL_API_CONFIG_FILE: {
    meaning: 'The configuration file cannot be read or replaced.',
    remedy: 'Let the user that Ballast runs as read the file and write to its folder.',
  },
  BAL_API_FOREIGN: {
    meaning:
      'A web page of another site asked for something, or under a name that is not an address.',
    remedy: 'Open the dashboard under its address, or as localhost.',
  },
  BAL_API_INTERNAL: {
    meaning: 'The admin API met an error of its own; the balancer goes on.',
    remedy: 'Report it, with the line of the log.',
  },
  BAL_API_MEDIA: {
    meaning: 'A change was sent without a Content-Type that a form of a web page cannot have.',
    remedy: 'Send Content-Type: application/json, or application/yaml for a configuration.',
  },
  BAL_API_METHOD: {
    meaning: 'The path is there, but not for this method.',
    remedy: 'The Allow field has the methods that there are.',
  },
  BAL_API_NOT_FOUND: {
    meaning: 'The admin API has nothing under this path.',
    remedy: '/v1/openapi.json lists all routes.',
  },
  BAL_API_QUERY: {
    meaning: 'A parameter of the query or of the path is not what the route takes.',
    remedy: 'The message names the parameter; /v1/openapi.json has the schema.',
  },
  BAL_API_REFUSALS: {
    meaning: 'An address has sent so many wrong tokens that it is not listened to for a minute.',
    remedy: 'Wait, and send a token of the token file.',
  },
  BAL_API_ROLE: {
    meaning: 'The token may look, but not change anything, nor read the text of the configuration.',
    remedy: 'Use a token that stands behind "write" in the token file.',
  },
  BAL_API_STALE: {
    meaning: 'The configuration file has changed since it was read, or nobody said what it was.',
    remedy: 'Read it anew with GET /v1/config, and send its ETag as If-Match.',
  },
  BAL_API_TOKEN: {
    meaning: 'The admin address asks for a token, and got none or another one.',
    remedy: 'Send "Authorization: Bearer TOKEN"; commands take --token-file.',
  },
  BAL_API_TOO_LARGE: {
    meaning: 'The body of a request to the admin API is too long.',
    remedy: 'Changes have at most 4,096 bytes, a configuration as much as a file may have.',
  },
} as const satisfies ErrorCodeTable;
