import type { ErrorCodeRow } from '../base/error-codes.ts';

const row = (meaning: string, remedy: string): ErrorCodeRow => ({ meaning, remedy });

/** Every code that a configuration file can be answered with. */
export const CONFIG_ERROR_CODES = {
  BAL_CONFIG_ACTION: row(
    'A route has no action, or more than one.',
    'Give each route exactly one of pool, pools, redirect and respond.',
  ),
  BAL_CONFIG_ADDRESS: row(
    'An address to listen on or to connect to cannot be read.',
    'Write 10.0.0.1:80, "[2001:db8::1]:80" (in quotes) or unix:/path.',
  ),
  BAL_CONFIG_ADMIN_CLEAR: row(
    'Warning: tokens for the admin address cross the network without TLS.',
    'Add tls with certificate and key to admin.',
  ),
  BAL_CONFIG_ADMIN_FILE: row(
    'Warning: a file that the admin address needs cannot be read now.',
    'It is read when the address is opened: see that the user of the balancer can read it then.',
  ),
  BAL_CONFIG_ADMIN_OPEN: row(
    'The admin address can be reached by other machines, and nothing asks who they are.',
    'Give tokenFile, or tls with clientCa; or listen on 127.0.0.1 or on a unix socket.',
  ),
  BAL_CONFIG_ALL_BACKUP: row(
    'All servers of a pool are backups, which serve only in place of others.',
    'Leave backup out for at least one of them.',
  ),
  BAL_CONFIG_BAD_NAME: row(
    'A name of a listener, route, pool or server has characters that names cannot have.',
    'Begin with a letter and go on with letters, digits, ".", "_" and "-", at most 63.',
  ),
  BAL_CONFIG_BODY: row(
    'A status or a method that has no body is given one.',
    'Remove the body, or choose another status or method.',
  ),
  BAL_CONFIG_CHECK_FILE: row(
    'Warning: a file that a check needs cannot be read now.',
    'Checks read it themselves, as the user of the supervisor: see that it is there for them.',
  ),
  BAL_CONFIG_CHECK_TIMES: row(
    'Warning: the times of a check do not fit each other.',
    'Let the timeout of a check be shorter than the interval between two checks.',
  ),
  BAL_CONFIG_COMMAND: row(
    'A command does not begin with the absolute path of a program.',
    'Write the whole path: no shell and no search path are used.',
  ),
  BAL_CONFIG_CONFLICT: row('Two keys exclude each other.', 'Keep one of the two.'),
  BAL_CONFIG_DUPLICATE_BIND: row(
    'Two listeners listen on the same address, or one on an address that another one includes.',
    'Give each address to one listener; several hosts are several routes of one listener.',
  ),
  BAL_CONFIG_DUPLICATE_KEY: row('A map has the same key twice.', 'Keep one of them.'),
  BAL_CONFIG_DUPLICATE_NAME: row(
    'Two routes of a listener or two servers of a pool have the same name.',
    'Names make counters and commands find their thing: make them different.',
  ),
  BAL_CONFIG_DUPLICATE_SERVER: row(
    'A pool has the same server address twice.',
    'Use weight to send a server a greater share.',
  ),
  BAL_CONFIG_DURATION: row(
    'A duration cannot be read.',
    'Write a number and a unit: 500ms, 5s, 1m, 1h, 1d.',
  ),
  BAL_CONFIG_EMPTY: row(
    'The file, or a section that must not be empty, holds nothing.',
    'Fill the section, or remove its key.',
  ),
  BAL_CONFIG_FIELD_NAME: row(
    'The name of a header field is not a token (RFC 9110 §5.6.2).',
    'Use letters, digits and "-".',
  ),
  BAL_CONFIG_FIELD_VALUE: row(
    'The value of a header field has a byte that would break the message.',
    'Use visible ASCII characters, spaces and tabs, with none of the latter at either end.',
  ),
  BAL_CONFIG_FILE: row(
    'A file that the configuration names cannot be read, or is too large.',
    'Paths are relative to the configuration file; a page has at most 128 KiB.',
  ),
  BAL_CONFIG_FORBIDDEN_FIELD: row(
    'The configuration edits a field that belongs to the framing of messages.',
    'Ballast frames messages itself: remove the edit. The host is set by rewrite.host.',
  ),
  BAL_CONFIG_HEX: row(
    'Bytes in hex cannot be read.',
    'Write pairs of hex digits in quotes: "00ff" or "00 ff".',
  ),
  BAL_CONFIG_HOST: row(
    'A host name cannot be read.',
    'Write shop.example.com, "*.example.com" or an IP address, without scheme, port and path.',
  ),
  BAL_CONFIG_METHOD: row(
    'A request method is not a token, or a known method is not in capitals.',
    'Methods are case-sensitive: write GET.',
  ),
  BAL_CONFIG_MISSING_KEY: row('A key that has no default is missing.', 'Add the key.'),
  BAL_CONFIG_NEEDS_STATE: row(
    'A certificate is to be obtained by ACME, but there is no folder to keep it in.',
    'Write state: /var/lib/ballast. A restart without it would ask the authority again each time.',
  ),
  BAL_CONFIG_NEEDS_TLS: row(
    'A key asks for something that there is only under TLS, where no TLS is spoken.',
    'Give the listener tls, or remove the key.',
  ),
  BAL_CONFIG_NETWORK: row(
    'A network cannot be read.',
    'Write 10.0.0.0/8, 2001:db8::/32 or a single address.',
  ),
  BAL_CONFIG_NO_EFFECT: row(
    'Warning: a key changes nothing beside the others that stand there.',
    'Remove the key, or change what the message names.',
  ),
  BAL_CONFIG_NO_LISTENER: row(
    'Warning: something leads to a port at which the file has no fitting listener.',
    'Add the listener, or write what the message names. Behind a translation of ports all may be well.',
  ),
  BAL_CONFIG_NO_ROUTE: row(
    'A listener has neither routes nor a pool.',
    'Give it routes, or the short form pool: NAME.',
  ),
  BAL_CONFIG_NOT_AVAILABLE: row(
    'The word is known but this version of Ballast cannot do it yet.',
    'Use one of the words that are listed with the message.',
  ),
  BAL_CONFIG_OUT_OF_RANGE: row(
    'A number, a duration or a size is below or above what is allowed.',
    'Stay within the range that is listed with the message.',
  ),
  BAL_CONFIG_PATH: row(
    'A path or the pattern of a path cannot be read.',
    'Write /exact, /prefix/* or ~regex.',
  ),
  BAL_CONFIG_PATH_NOT_CANONICAL: row(
    'A path is not in canonical form, so that no request would ever match it.',
    'Write the canonical form that is listed with the message.',
  ),
  BAL_CONFIG_PERCENT: row('A share cannot be read.', 'Write a number and a percent sign: 20%.'),
  BAL_CONFIG_POOL_USE: row(
    'A pool asks for something that a listener that sends to it cannot do with its protocol.',
    'Change the pool, or give the listener one of its own.',
  ),
  BAL_CONFIG_PREFIX_WITHOUT_PATH: row(
    'A prefix is to be replaced, but a path of the route is not a prefix.',
    'Let all paths of the route end in /*.',
  ),
  BAL_CONFIG_REGEX: row(
    'A regular expression does not compile, or is too long.',
    'Write a JavaScript regular expression after the "~", without slashes around it.',
  ),
  BAL_CONFIG_SAME_AS: row(
    'The pool named by sameAs has no check of its own, or lacks a server of the pool that names it.',
    'Name a pool that checks the same servers: by name, else by host.',
  ),
  BAL_CONFIG_SIZE: row(
    'A size cannot be read.',
    'Write a number and a unit: 100B, 16KiB, 1MiB, 10MB.',
  ),
  BAL_CONFIG_SLOW_REGEX: row(
    'Warning: a regular expression can take exponential time on hostile input.',
    'Do not repeat a group that itself repeats without limit.',
  ),
  BAL_CONFIG_STATUS: row(
    'A status or a range of statuses cannot be read.',
    'Write a status such as 503, or a range in quotes such as "200-399".',
  ),
  BAL_CONFIG_TOO_LARGE: row(
    'The file has more bytes, listeners, routes, pools or servers than one balancer can hold.',
    'Split the file over several balancers.',
  ),
  BAL_CONFIG_UNKNOWN_CERTIFICATE: row(
    'A listener names a certificate that is not there.',
    'Add it under certificates, or correct the name.',
  ),
  BAL_CONFIG_UNKNOWN_KEY: row(
    'A key is not known at this place.',
    'Use one of the keys that are listed with the message.',
  ),
  BAL_CONFIG_UNKNOWN_POOL: row(
    'A route names a pool that is not there.',
    'Add the pool under pools, or correct the name.',
  ),
  BAL_CONFIG_UNKNOWN_VALUE: row(
    'A word is not one of those that are allowed here.',
    'Use one of the words that are listed with the message.',
  ),
  BAL_CONFIG_UNREACHABLE_ROUTE: row(
    'A route can never be chosen: an earlier one matches all that it matches.',
    'Remove it, or narrow the conditions of the earlier one.',
  ),
  BAL_CONFIG_OWNER_LEASE: row(
    'Warning: priority 255 stands for an address that belongs to the node for good, a lease for one that does not.',
    'Write a priority of 254 or less, or lease: 0s.',
  ),
  BAL_CONFIG_UNUSED_CERTIFICATE: row(
    'Warning: no listener shows this certificate.',
    'Remove it, or name it in the tls of a listener.',
  ),
  BAL_CONFIG_UNUSED_POOL: row(
    'Warning: no route sends to this pool.',
    'Remove the pool, or name it in a route.',
  ),
  BAL_CONFIG_WRONG_TYPE: row(
    'A value is of another kind than the key takes.',
    'Write the kind that is listed with the message.',
  ),
  BAL_CONFIG_YAML: row(
    'The text is not well-formed YAML.',
    'The message says what was met and where. JSON is YAML too.',
  ),
  BAL_CONFIG_ZERO_WEIGHT: row(
    'All weights are 0, so that nothing could be sent anywhere.',
    'Give at least one pool or server a weight above 0.',
  ),
} as const satisfies { readonly [code: string]: ErrorCodeRow };

/** A code of the table above. */
export type ConfigErrorCode = keyof typeof CONFIG_ERROR_CODES;
