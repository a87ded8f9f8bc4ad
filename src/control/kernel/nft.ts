/** Runs nft(8): the one way in which rules reach the kernel. */
import { spawn } from 'node:child_process';
import { BallastError } from '../../base/errors.ts';

/** Where nft is on Debian, beside what PATH has. */
const PATHS = '/usr/sbin:/sbin:/usr/bin:/bin';
/** A change that takes longer is given up, in ms. */
const NFT_LIMIT_MS = 20_000;
/** Of what it says only this much is kept. */
const SAID_BYTES_MAX = 4_096;
const ANSWER_BYTES_MAX = 64 << 20;

export type NftResult = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Gives nft `args` and `input`; resolves with what it said. Throws BAL_KERNEL_NFT where it is not there. */
export function runNft(args: readonly string[], input: string): Promise<NftResult> {
  return new Promise((resolve, reject) => {
    const env = { PATH: `${process.env['PATH'] ?? ''}:${PATHS}` };
    const child = spawn('nft', args, { stdio: ['pipe', 'pipe', 'pipe'], env });
    const timer = setTimeout(() => child.kill('SIGKILL'), NFT_LIMIT_MS);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (piece: Buffer) => {
      if (stdout.length < ANSWER_BYTES_MAX) stdout += piece.toString('latin1');
    });
    child.stderr.on('data', (piece: Buffer) => {
      if (stderr.length < SAID_BYTES_MAX) stderr += piece.toString('latin1');
    });
    child.stdin.on('error', () => {});
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(
        new BallastError('BAL_KERNEL_NFT', `cannot run nft: ${error.message}`, {
          hint: 'install nftables, or write mode: proxy',
        }),
      );
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? -1, stdout, stderr });
    });
    child.stdin.end(input);
  });
}

/** Puts rules in force, all of them or none. Throws BAL_KERNEL_NFT or BAL_KERNEL_RULES. */
export async function applyRules(text: string): Promise<void> {
  const { code, stderr } = await runNft(['-f', '-'], text);
  if (code === 0) return;
  const said = stderr.split('\n')[0]?.slice(0, 300) ?? '';
  const isRight = /not permitted|denied|must be root/i.test(stderr);
  throw new BallastError(
    'BAL_KERNEL_RULES',
    `the kernel refuses the rules of mode: kernel: ${said}`,
    isRight
      ? { hint: 'run as root, or give the service CAP_NET_ADMIN (AmbientCapabilities=)' }
      : {
          hint: 'the kernel needs nf_tables with nat, hash and reject: "ballast doctor" says more',
        },
  );
}
