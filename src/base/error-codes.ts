/**
 * The shape of the tables of error codes.
 *
 * Each area has its own table beside its code (`src/config/error-codes.ts`, …): this module cannot
 * import them, since imports point down. What makes docs/errors.md hands all tables to
 * `renderErrorCodes`.
 */

/** One stable code: what it says and what a person can do about it. Full sentences. */
export type ErrorCodeRow = {
  readonly meaning: string;
  readonly remedy: string;
};

/** Rows by code, `BAL_<AREA>_<WHAT>`. */
export type ErrorCodeTable = { readonly [code: string]: ErrorCodeRow };

/** The tables of one area under a heading of its own. */
export type ErrorCodeArea = { readonly title: string; readonly codes: ErrorCodeTable };

/** Markdown of the page that lists every code, with one anchor per code. Called by generators. */
export function renderErrorCodes(areas: readonly ErrorCodeArea[]): string {
  const lines = ['# Error codes', '', 'Every code is stable: it never changes its meaning.', ''];
  for (const area of areas) {
    lines.push(`## ${area.title}`, '');
    for (const code of Object.keys(area.codes).sort()) {
      const row = area.codes[code];
      if (row === undefined) continue;
      lines.push(`### ${code}`, '', `${row.meaning} ${row.remedy}`, '');
    }
  }
  return lines.join('\n');
}
