/** Certificates that clients are shown, as the API lists them. */
import type { z } from '@hono/zod-openapi';
import type { certificateSchema } from './schemas/lists.ts';

export type CertificateStatus = z.output<typeof certificateSchema>;
