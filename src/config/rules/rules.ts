import { checkAcme } from './acme.ts';
import { checkAddresses } from './addresses.ts';
import { checkAdmin } from './admin.ts';
import { checkBalance } from './balance.ts';
import { checkBinds } from './binds.ts';
import { checkCertificates } from './certificates.ts';
import { checkCheckParts } from './check-parts.ts';
import { checkCheckPlaces } from './check-places.ts';
import { checkSecrets } from './check-secrets.ts';
import { checkChecks } from './checks.ts';
import { checkHttps } from './https.ts';
import { checkKernel } from './kernel.ts';
import { warnKernelUnheard } from './kernel-unheard.ts';
import { checkListeners } from './listeners.ts';
import { checkNames } from './names.ts';
import { checkPassthrough } from './passthrough.ts';
import { checkPaths } from './paths.ts';
import { checkPoolUses } from './pool-uses.ts';
import { checkPools } from './pools.ts';
import { checkRouteActions } from './route-action.ts';
import { checkRouteParts } from './route-parts.ts';
import { checkRouteReach } from './route-reach.ts';
import type { Rule } from './rule.ts';
import { checkSameAs } from './same-as.ts';
import { checkServerNames } from './server-names.ts';
import { checkServerTls } from './server-tls.ts';
import { checkServers } from './servers.ts';
import { checkTermination } from './termination.ts';
import { checkTotals } from './totals.ts';

/** All rules over a whole configuration. */
export const RULES: readonly Rule[] = [
  checkTotals,
  checkAdmin,
  checkBinds,
  checkNames,
  checkListeners,
  checkCertificates,
  checkAcme,
  checkTermination,
  checkHttps,
  checkPassthrough,
  checkRouteActions,
  checkPaths,
  checkRouteParts,
  checkRouteReach,
  checkPools,
  checkPoolUses,
  checkBalance,
  checkServers,
  checkServerNames,
  checkServerTls,
  checkChecks,
  checkCheckParts,
  checkCheckPlaces,
  checkSecrets,
  checkSameAs,
  checkAddresses,
  checkKernel,
  warnKernelUnheard,
];
