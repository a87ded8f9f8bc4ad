/** The admin server's routes for the configuration: its history, and going back in it. */
import type { Context, Hono } from 'hono';
import { BallastError } from '../../base/errors.ts';
import type { ReloadReport } from '../reload.ts';
import type { ConfigControl } from './config-control.ts';

/**
 * POST /reload (200, or 422 with the report when nothing was changed), the same with ?dry-run=1 which
 * changes nothing, GET /history, and POST /rollback?number=N (without a number: the one before).
 */
export function addConfigRoutes(
  app: Hono,
  control: ConfigControl,
  reload: () => Promise<ReloadReport>,
): void {
  app.post('/reload', (context) =>
    answer(context, () => {
      return isAsked(context.req.query('dry-run')) ? control.dryRun(null) : reload();
    }),
  );
  app.get('/history', (context) => context.json(control.history()));
  app.post('/rollback', (context) =>
    answer(context, () => control.rollback(numberOf(context.req.query('number')))),
  );
}

const STATUSES: Readonly<Record<string, 404 | 503>> = {
  BAL_HISTORY_UNKNOWN: 404,
  BAL_RELOAD_STARTING: 503,
};

/** A report with its status; a refusal as `{ error, code, hint }`. */
async function answer(
  context: Context,
  make: () => Promise<{ readonly ok: boolean }>,
): Promise<Response> {
  try {
    const report = await make();
    return context.json(report, report.ok ? 200 : 422);
  } catch (error) {
    if (!(error instanceof BallastError)) throw error;
    const { message, code, hint = '' } = error;
    return context.json({ error: message, code, hint }, STATUSES[code] ?? 422);
  }
}

function isAsked(text: string | undefined): boolean {
  return text !== undefined && text !== '0' && text !== 'false';
}

function numberOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new BallastError('BAL_HISTORY_UNKNOWN', `"${text}" is not the number of a configuration`, {
    hint: 'GET /history lists them',
  });
}
