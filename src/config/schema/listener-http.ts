import { z } from 'zod';
import { REASONS } from '../../base/reasons.ts';
import { freebind, listenerAddresses } from './address.ts';
import { fieldValue, pseudonym } from './field.ts';
import { hstsSchema } from './hsts.ts';
import { network } from './network.ts';
import { proxyAcceptSchema } from './proxy-protocol.ts';
import { httpsRedirect } from './redirect.ts';
import { lastPool } from './route-pools.ts';
import { routeSchema } from './route.ts';
import { flag, integer, word } from './scalar.ts';
import { keepAlive, userTimeout } from './socket.ts';
import { statusKey } from './status.ts';
import { named, optionalSection, section } from './structure.ts';
import { httpTlsSchema } from './termination.ts';
import { text } from './text.ts';
import { duration, size } from './units.ts';

const SIZE_MAX = Number.MAX_SAFE_INTEGER;

/** Statuses that Ballast answers by itself, for which a page can be given. */
export const PAGE_STATUSES: readonly number[] = [
  ...new Set(REASONS.map((reason) => reason.status).filter((status) => status >= 400)),
].sort((a, b) => a - b);

const timeouts = optionalSection('How long clients may take.', {
  head: duration(
    'For the whole request head, from its first byte (from the accept for a first request): 408.',
  ).prefault('10s'),
  bodyIdle: duration('Longest time without a byte of the request body: 408.').prefault('30s'),
  bodyMinRate: size(
    'Least size of a request body per second since its start, after bodyIdle: 408. 0 is off.',
    0,
    1_073_741_824,
  ).prefault('100B'),
  keepAlive: duration('Longest time between two requests on a connection.').prefault('60s'),
  write: duration('Longest time without the client taking a byte of the answer.').prefault('30s'),
});

const forwarded = optionalSection('Fields that tell servers about the client.', {
  xForwardedFor: flag('Whether X-Forwarded-For is sent.').prefault(true),
  xForwardedProto: flag('Whether X-Forwarded-Proto is sent.').prefault(true),
  xForwardedHost: flag('Whether X-Forwarded-Host is sent.').prefault(true),
  forwarded: flag('Whether Forwarded (RFC 7239) is sent.').prefault(false),
  via: pseudonym(
    'Name of this balancer in Via (RFC 9110 §7.6.3), both ways; false sends none.',
  ).prefault(false),
  requestId: word(
    ['off', 'pass', 'new'],
    'X-Request-Id: none; made where a trusted client gave none; or always made anew.',
  ).prefault('off'),
});

const errorPage = z.union([
  text('Path of the page, relative to the configuration file.', 4_096, 'file'),
  section('A page with its type.', {
    file: text('Path of the page, relative to the configuration file.', 4_096, 'file'),
    contentType: fieldValue(
      'Value of Content-Type; by default it follows from the ending of the file.',
    ).optional(),
  }),
]);

/** Schema of a listener with `protocol: http`. */
export const httpListenerSchema = section('A listener for HTTP/1.1.', {
  bind: listenerAddresses(),
  freebind: freebind(),
  protocol: word(['http'], 'What clients speak.').prefault('http'),
  routes: z.array(routeSchema).optional().meta({
    description: 'Where requests go. The most specific match wins, then the earlier one.',
  }),
  pool: lastPool(),
  tls: httpTlsSchema,
  hsts: hstsSchema,
  redirectToHttps: httpsRedirect(
    'Short for one last route, named default, that redirects (308) everything else to https: true to port 443, or the port. In place of pool.',
  ).prefault(false),
  timeouts,
  forwarded,
  trust: z
    .array(network('A network.'))
    .prefault([])
    .meta({ description: 'Networks whose own forwarding fields and request id are believed.' }),
  reasonHeader: flag(
    'Whether an answer of Ballast itself carries Ballast-Reason with the reason.',
  ).prefault(true),
  encodedSlash: word(
    ['reject', 'keep'],
    'What happens to %2F and %5C in a path: 400, or they are kept as they are.',
  ).prefault('reject'),
  mergeSlashes: flag('Whether runs of slashes in a path become one.').prefault(true),
  unusualFieldNames: word(
    ['drop', 'keep', 'reject'],
    'What happens to field names with other characters than letters, digits and "-".',
  ).prefault('drop'),
  maxBody: size(
    'Size of a request body; a larger one is answered with 413; 0 is no limit.',
    0,
    SIZE_MAX,
  ).prefault(0),
  maxRequests: integer(
    0,
    1_000_000_000,
    'Requests on one connection before it is closed; 0 is no limit.',
  ).prefault(0),
  errorPages: named(
    'Pages by status, in place of plain answers of Ballast itself. At most 128 KiB each.',
    statusKey('A status.', PAGE_STATUSES),
    errorPage,
  ).prefault({}),
  proxyProtocol: proxyAcceptSchema.optional(),
  keepAlive: keepAlive('clients'),
  userTimeout: userTimeout('clients'),
  accessLog: flag('Whether requests to this listener are written to the access log.').prefault(
    true,
  ),
});

/** A listener for HTTP with its defaults filled in. */
export type HttpListenerConfig = z.output<typeof httpListenerSchema>;
