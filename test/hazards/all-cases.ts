/** Every hazard of HTTP/1.1 that is tested, in the order of the documentation. */
import { flowCases } from './cases/flow.ts';
import { framingCases } from './cases/framing.ts';
import { headCases } from './cases/head.ts';
import { responseCases } from './cases/response.ts';
import { targetCases } from './cases/target.ts';
import type { HazardCase } from './hazard-case.ts';

export const hazardCases: readonly HazardCase[] = [
  ...framingCases,
  ...headCases,
  ...targetCases,
  ...responseCases,
  ...flowCases,
];

/** The cases that the other proxies are compared in. */
export const comparedCases: readonly HazardCase[] = hazardCases.filter(
  (of) => of.onlyBallast === undefined,
);
