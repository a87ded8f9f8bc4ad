/** Exit codes of all commands: `ballast --help` lists them. */
export const EXIT = {
  ok: 0,
  /** The configuration has mistakes, or what was asked for was refused. */
  refused: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The balancer cannot be reached at its admin address. */
  unreachable: 3,
  /** A programming error in the supervisor; the workers go on. */
  crash: 70,
} as const;
