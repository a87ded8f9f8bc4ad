import type { ErrorCodeTable } from './error-codes.ts';

/** Codes of floating addresses and the guardian that holds them. */
export const ADDRESS_ERROR_CODES = {
  BAL_ADDRESS_PERMISSION: {
    meaning: 'The guardian may not change addresses, or may not send and hear VRRP and ARP.',
    remedy:
      'Give the service CAP_NET_ADMIN and CAP_NET_RAW (AmbientCapabilities= of the unit), or run it ' +
      'as root.',
  },
  BAL_ADDRESS_INTERFACE: {
    meaning: 'The interface of a floating address does not exist, or has no address of its own.',
    remedy:
      'Correct "interface", or give the interface an address that stays: advertisements come from it.',
  },
  BAL_ADDRESS_SOCKET: {
    meaning: 'The kernel refuses a socket of the guardian; the message has its words.',
    remedy: 'Look up the error number that stands in the message.',
  },
  BAL_ADDRESS_KEY: {
    meaning: 'A file of a key of advertisements cannot be read, or holds no such key.',
    remedy:
      'Write 32 to 64 bytes in hexadecimal into it, the same on all nodes, readable to the user that Ballast runs as.',
  },
  BAL_ADDRESS_KERNEL: {
    meaning: 'The kernel refuses to set or remove an address or a route.',
    remedy: 'The message says which one and why; "ip address" shows what is there.',
  },
  BAL_ADDRESS_CLASH: {
    meaning: 'A floating address stands on the interface already, for ever, set by somebody else.',
    remedy:
      'Take it out of the configuration of the network: the guardian alone is to set it, or it would ' +
      'stay when another node has it.',
  },
  BAL_ADDRESS_STATE: {
    meaning: 'A group of floating addresses has become active or has ceased to be.',
    remedy: 'The message says why; "ballast address status" shows who has the addresses now.',
  },
  BAL_ADDRESS_PEER: {
    meaning: 'Another node, or another cluster, behaves in a way that people should know of.',
    remedy: 'The message says which node and what it does; make the configurations of both alike.',
  },
  BAL_ADDRESS_GONE: {
    meaning: 'Another program has removed a floating address; it was put back at once.',
    remedy:
      'Find the program: systemd-networkd, NetworkManager and dhclient remove addresses that they do ' +
      'not know.',
  },
  BAL_ADDRESS_EXCEPTION: {
    meaning: 'A programming error ended one piece of work of the guardian; all else goes on.',
    remedy: 'Report it with the stack of the message.',
  },
} as const satisfies ErrorCodeTable;
