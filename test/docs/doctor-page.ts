/** Makes docs/doctor.md from the checks of `ballast doctor`. */
import { CHECKS } from '../../src/control/doctor/checks.ts';

const MARK =
  '<!-- Made from src/control/doctor by test/docs/generated.test.ts (UPDATE_GOLDEN=1): do not edit. -->';

const INTRODUCTION = `
\`\`\`sh
ballast doctor                              # the machine alone
ballast doctor /etc/ballast/ballast.yaml    # and what this configuration needs of it
\`\`\`

It says what stands in the way: of each thing that is not as it should be its value now and the value
wanted, why it matters, and the line that mends it. It changes nothing. It tries every address of
the configuration for a moment, without listening there.

| severity | means |
|---|---|
| \`problem\` | mend it: something does not work, or will not when it matters |
| \`advice\` | consider it |
| \`unknown\` | it could not be looked at |
| \`ok\` | as it should be |

It exits 1 where there is a problem, or where the file has mistakes, else 0. \`--json\` prints
\`{ ok, counts, findings }\`; each finding has \`check\`, \`severity\`, \`now\`, \`wanted\`, \`why\`
and \`fix\`, a list of lines.

Root is not needed. Run it as the user that Ballast runs as: whether files and folders can be used
is asked for that user. Limits and control groups are those of the Ballast that runs this file, where
there is one, else those of the shell. In a container \`/proc/sys\` is often read-only: the lines for
kernel parameters then belong where the container is started.

Lines \`sysctl -w\` hold until the next boot; beside each stands the one for
\`/etc/sysctl.d/50-ballast.conf\`, which holds beyond it. More on each limit is in
[operations](operations.md#limits-and-sizing).

## Checks
`;

/** The text of the page. */
export function doctorPage(): string {
  const checks = CHECKS.map(
    ({ name, looksAt, why, remedy }) =>
      `### ${name}\n\nLooks at ${looksAt}. ${why} Remedy: ${remedy}.\n`,
  );
  return `# ballast doctor\n\n${MARK}\n${INTRODUCTION}\n${checks.join('\n')}`;
}
