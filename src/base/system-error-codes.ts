import type { ErrorCodeTable } from './error-codes.ts';

/** Codes of listening sockets, of the operating system's resources, and of the worker processes. */
export const SYSTEM_ERROR_CODES = {
  BAL_LISTEN_DESCRIPTORS: {
    meaning: 'No descriptor is left for a listening socket.',
    remedy: 'Raise the limit on open files: LimitNOFILE= in the unit, or ulimit -n.',
  },
  BAL_LISTEN_FAILED: {
    meaning: 'A listening socket cannot be opened; the message has the words of the system.',
    remedy: 'Look up the error number that stands in the message.',
  },
  BAL_LISTEN_FAMILY: {
    meaning: 'The kernel does not know this kind of address: IPv6 is left out.',
    remedy: 'Take the IPv6 addresses out, or start the kernel without ipv6.disable=1.',
  },
  BAL_LISTEN_IN_USE: {
    meaning:
      'Another process, or another listener of this one, has the address already. The message names ' +
      'the process where this user may see it.',
    remedy:
      'Stop it, or choose another address; as root "ss -ltnp" shows who it is. From workers that outlived a killed supervisor the addresses are ' +
      'taken over, unless those workers hang or run as another user: end such ones first.',
  },
  BAL_LISTEN_NOT_HERE: {
    meaning: 'No interface of this machine has the address.',
    remedy:
      'Choose one that the message lists, or 0.0.0.0. For an address that comes later write ' +
      '"freebind: true" in the listener, or set net.ipv4.ip_nonlocal_bind to 1.',
  },
  BAL_LISTEN_PATH: {
    meaning: 'The path of a unix socket is too long, or its folder does not exist.',
    remedy: 'Create the folder, or choose a path of at most 107 bytes in one that can be written.',
  },
  BAL_LISTEN_PERMISSION: {
    meaning: 'This user may not listen on the port, or make a socket in the folder.',
    remedy:
      'Give the service the capability CAP_NET_BIND_SERVICE (AmbientCapabilities=), set ' +
      'net.ipv4.ip_unprivileged_port_start, or choose a port from 1024 on. Do not use setcap on the ' +
      'node program: every script that it runs would have the right.',
  },
  BAL_SYS_EPOLL: {
    meaning: 'The kernel gives no epoll descriptor.',
    remedy: 'Raise the limit on open files (ulimit -n).',
  },
  BAL_TLS_LIBRARY: {
    meaning: 'The OpenSSL that Node carries is not the one that Ballast was made for.',
    remedy: 'Run Ballast on the Node that it is pinned to: "make install" puts it in place.',
  },
  BAL_TLS_TROUBLE: {
    meaning: 'A worker cannot speak TLS with a server, or cannot use a certificate.',
    remedy: 'The message says with which one and why; the same is logged every 10 seconds at most.',
  },
  BAL_TLS_MATERIAL: {
    meaning: 'OpenSSL does not take a certificate, a key or a setting.',
    remedy: 'The message says which one, and what OpenSSL says of it.',
  },
  BAL_SYS_MEMORY: {
    meaning: 'Address space for buffers or counters cannot be reserved.',
    remedy:
      'Raise the limit on address space (ulimit -v); with vm.overcommit_memory=2, raise ' +
      'vm.overcommit_ratio.',
  },
  BAL_SYS_PASS: {
    meaning: 'A listening socket cannot be handed to a worker.',
    remedy: 'Raise the limit on open files (ulimit -n).',
  },
  BAL_SYS_SOCKET: {
    meaning: 'The sockets between the supervisor and a worker cannot be made.',
    remedy: 'Raise the limit on open files (ulimit -n).',
  },
  BAL_WORKER_EXCEPTION: {
    meaning: 'A programming error ended one connection of a worker; all others go on.',
    remedy: 'Report it with the stack of the message.',
  },
} as const satisfies ErrorCodeTable;
