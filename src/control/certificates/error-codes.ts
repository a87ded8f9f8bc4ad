import type { ErrorCodeTable } from '../../base/error-codes.ts';

/** Codes of certificates, their keys and the other files that TLS needs. */
export const CERTIFICATE_ERROR_CODES = {
  BAL_CERTIFICATE_EXPIRED: {
    meaning: 'A certificate is expired, or not valid yet. It is served all the same.',
    remedy: 'Renew it: clients refuse it.',
  },
  BAL_CERTIFICATE_EXPIRES: {
    meaning: 'A certificate expires soon.',
    remedy: 'Renew it, and see why that did not happen by itself.',
  },
  BAL_CERTIFICATE_FILE: {
    meaning: 'A file of a certificate, a key, a CA or a CRL cannot be read or holds none.',
    remedy: 'The path must be that of a PEM file which the user that Ballast runs as can read.',
  },
  BAL_CERTIFICATE_KEY: {
    meaning: 'A private key is missing, encrypted, too weak, or not that of the certificate.',
    remedy:
      'Give the key that the certificate was asked for with, without a passphrase: ' +
      '"openssl pkey -in OLD -out NEW" takes one off.',
  },
  BAL_CERTIFICATE_LIMIT: {
    meaning: 'There are more certificates, or larger ones, than can be kept.',
    remedy: 'The message says the limit. Take out what is not served any more.',
  },
  BAL_CERTIFICATE_NAME: {
    meaning:
      'A certificate was given under a name that has none, or that is not looked after by files.',
    remedy: 'Give the key of a certificate of the configuration; in a folder KEY/NAME.',
  },
  BAL_CERTIFICATE_OCSP: {
    meaning: 'No OCSP response can be stapled to a certificate, or no newer one. It is served.',
    remedy:
      'Mend what the message says: the chain must hold the issuer, and the responder must be reached ' +
      'from here.',
  },
  BAL_CERTIFICATE_WRITE: {
    meaning: 'A certificate that was given cannot be written to its files.',
    remedy:
      'Let the user that Ballast runs as write into the folder, or replace the files by hand.',
  },
  BAL_CERTIFICATE_WARNING: {
    meaning: 'Something about a certificate or its key is not as it should be; it is served.',
    remedy: 'Mend what the message says.',
  },
} as const satisfies ErrorCodeTable;
