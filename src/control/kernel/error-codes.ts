import type { ErrorCodeTable } from '../../base/error-codes.ts';

/** Codes of layer 4 in the kernel. */
export const KERNEL_ERROR_CODES = {
  BAL_KERNEL_NFT: {
    meaning: 'The program nft, which sets the rules of mode: kernel, cannot be run.',
    remedy: 'Install the package nftables, or write mode: proxy.',
  },
  BAL_KERNEL_RULES: {
    meaning: 'The kernel refuses the rules of mode: kernel; none of them was set.',
    remedy:
      'Give the service CAP_NET_ADMIN; the kernel needs nf_tables with nat, hash and reject. The message has the words of nft.',
  },
} as const satisfies ErrorCodeTable;
