/**
 * Keeps web pages from using a browser on the balancer's machine as their arm.
 *
 * The admin server has no password: whoever reaches its socket may use it. A browser reaches it on
 * behalf of any page, also through a name that the page's owner lets point here (DNS rebinding).
 */

const LOCAL_NAME = /^(localhost|\d+\.\d+\.\d+\.\d+|\[[0-9a-f:.]+\])(:\d+)?$/i;

/**
 * Whether a request comes from a browser that shows a page of another site. Programs that are not
 * browsers send none of the fields that this looks at.
 */
export function isForeignPage(header: (name: string) => string | undefined): boolean {
  const site = header('sec-fetch-site');
  const origin = header('origin');
  if (site === undefined && origin === undefined) return false;
  const host = header('host') ?? '';
  if (!LOCAL_NAME.test(host)) return true;
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  return origin !== undefined && origin !== `http://${host}`;
}
