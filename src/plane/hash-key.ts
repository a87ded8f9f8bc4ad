import type { HashPlan } from '../config/plan.ts';
export function hashKeyOf(plan: HashPlan, text: string, port: number): number {
  void plan;
  void text;
  return port;
}
