/**
 * Keeps web pages from using a browser on the balancer's machine as their arm.
 *
 * Where the admin server has no token, whoever reaches its port may use it. A browser reaches it on
 * behalf of any page, also through a name that the page's owner lets point here (DNS rebinding).
 */
import type { AdminAccess } from './admin/access.ts';

const LOCAL_NAME = /^(localhost|\d+\.\d+\.\d+\.\d+|\[[0-9a-f:.]+\])(:\d+)?$/i;

/** Types of bodies that a form of any page can send without being asked (the Fetch standard). */
const FORM_TYPES = /^\s*(application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)\b/i;

export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly header: (name: string) => string | undefined;
};

const READING = new Set(['GET', 'HEAD']);

/**
 * Why a request is not served: it comes from a browser that shows a page of another site, or under a
 * name of which nobody knows where it points. "" where it is served. Programs that are not browsers
 * send none of the fields that this looks at but Host.
 */
export function foreignReason({ method, header, path }: Asked, access: AdminAccess): string {
  if (access.transport === 'unix') return '';
  const host = header('host') ?? '';
  if (access.isHostStrict && !LOCAL_NAME.test(host)) {
    return `the host "${host.slice(0, 100)}" is neither an address nor localhost`;
  }
  const site = header('sec-fetch-site');
  const origin = header('origin');
  // A link on another page may open the dashboard: what it shows stays in its own window.
  const isLink =
    method === 'GET' && (path === '/' || path === '/ui') && header('sec-fetch-mode') === 'navigate';
  if (isLink) return '';
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    return `the page that asks is of another site (${site.slice(0, 20)})`;
  }
  if (origin !== undefined && origin !== `${access.scheme}://${host}`) {
    return `the page that asks is of "${origin.slice(0, 100)}"`;
  }
  return '';
}

/**
 * Whether a change comes in a form that any page could send. What carries a token or a type that
 * forms cannot have was not sent by one without the consent of the server (a preflight request).
 */
export function isFormLike({ method, header }: Asked, access: AdminAccess): boolean {
  if (access.transport === 'unix' || READING.has(method)) return false;
  if (header('authorization') !== undefined) return false;
  const type = header('content-type');
  return type === undefined || FORM_TYPES.test(type);
}
