import { z } from 'zod';
import { certificateReference } from './certificate.ts';
import { editedFieldName } from './field.ts';
import { flag, integer, word } from './scalar.ts';
import { alpnName } from './sni.ts';
import { list, oneOrMany, optionalSection, section } from './structure.ts';
import { filePath } from './text.ts';
import { duration, size } from './units.ts';

/** The word that takes the place of a default certificate. */
export const REFUSE = 'refuse';

/** Most bytes of early data that can be asked for. */
const EARLY_DATA_MAX = 65_536;

/** A schema for a set of versions and ciphers. */
export function tlsProfile() {
  return word(
    ['intermediate', 'modern'],
    'Versions and ciphers: modern is TLS 1.3 alone, intermediate also TLS 1.2 with forward secrecy and AEAD.',
  ).prefault('intermediate');
}

const handshakeRate = section(
  'Handshakes of one client network: IPv4 /24, IPv6 /56. Past it, a connection is reset.',
  {
    perSecond: integer(1, 1_000_000, 'Handshakes per second.'),
    burst: integer(
      1,
      1_000_000,
      'Handshakes at once after a time of rest; by default twice perSecond.',
    ).optional(),
  },
);

const clientCertificate = {
  mode: word(
    ['required', 'optional'],
    'Whether a client without a certificate is refused; one that is not valid always is.',
  ).prefault('required'),
  ca: filePath('The authorities whose certificates count, PEM.'),
  crl: filePath('Certificates that they have revoked, PEM: one list of each authority.').optional(),
};

const headerName = (description: string) =>
  editedFieldName(description, 'Host names the server').optional();

const headers = optionalSection(
  'Header fields that tell servers of the certificate. What clients send in them is taken away.',
  {
    subject: headerName('Its subject (RFC 4514), such as X-Client-Subject.'),
    names: headerName('The names it is valid for, separated by commas.'),
    fingerprint: headerName('SHA-256 of it, hex.'),
    certificate: headerName('The whole certificate as RFC 9440 writes it, such as Client-Cert.'),
  },
);

const common = {
  certificates: oneOrMany(
    'The certificates; all of the file where it is left out.',
    certificateReference('A certificate.'),
  ).optional(),
  default: certificateReference(
    'The certificate for clients that name no host or an unknown one; by default the first. refuse refuses them.',
  ).optional(),
  profile: tlsProfile(),
  tickets: flag('Whether sessions are resumed by tickets.').prefault(true),
  handshakeTimeout: duration('From the accept to the end of the handshake.').prefault('10s'),
  handshakeRate: handshakeRate.optional(),
};

const httpTls = section('TLS towards clients.', {
  ...common,
  alpn: z
    .array(word(['http/1.1'], 'A protocol.', ['h2', 'h3']))
    .prefault(['http/1.1'])
    .meta({ description: 'Protocols offered in ALPN, the best first.' }),
  earlyData: size(
    'Size of early data (0-RTT) that is taken, of safe requests alone; 0 takes none.',
    0,
    EARLY_DATA_MAX,
  ).prefault('0B'),
  clientCertificates: section('Certificates of clients.', {
    ...clientCertificate,
    headers,
  }).optional(),
});

const tcpTls = section('TLS towards clients.', {
  ...common,
  alpn: z
    .array(alpnName('A protocol.'))
    .prefault([])
    .meta({ description: 'Protocols offered in ALPN, the best first; none ignores ALPN.' }),
  clientCertificates: section('Certificates of clients.', clientCertificate).optional(),
});

const DESCRIPTION =
  'Ends TLS: true with all certificates of the file, a name or a list of names with those. Off by default.';

function anyForm<T extends z.core.$ZodType>(full: T) {
  return z
    .union([
      flag('true: all certificates of the file.'),
      certificateReference('One certificate.'),
      list('Several.', certificateReference('A certificate.')),
      full,
    ])
    .optional()
    .meta({ description: DESCRIPTION });
}

/** Schema of `tls` of a listener for HTTP. */
export const httpTlsSchema = anyForm(httpTls);

/** Schema of `tls` of a listener for TCP. */
export const tcpTlsSchema = anyForm(tcpTls);

/** `tls` of a listener as given. */
export type TlsGiven = z.output<typeof httpTlsSchema> | z.output<typeof tcpTlsSchema>;

/** `tls` of a listener in one form, with its defaults filled in. */
export type TlsSettings = z.output<typeof httpTls> | z.output<typeof tcpTls>;

/** `tls` of a listener in one form; null where no TLS is ended. */
export function tlsSettings(given: TlsGiven, protocol: 'http' | 'tcp'): TlsSettings | null {
  if (given === undefined || given === false) return null;
  if (typeof given === 'object' && !Array.isArray(given)) return given;
  const full = protocol === 'http' ? httpTls : tcpTls;
  return full.parse(given === true ? {} : { certificates: given });
}
