/**
 * The C library's calls that Ballast makes, bound once.
 *
 * Memory is passed as a plain number (an address, below 2^47 and so exact) instead of a typed
 * array: koffi then has nothing to look up, and an offset costs an addition. Every call returns -1
 * on failure; `errno()` tells why and must be asked before the next call.
 */
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');

type Native<A extends unknown[], R> = (...args: A) => R;

/** koffi types its functions loosely; the C declaration beside each name is the truth. */
function bind<A extends unknown[], R>(declaration: string): Native<A, R> {
  return libc.func(declaration) as Native<A, R>;
}

type N = number;

export const socket = bind<[N, N, N], N>('int socket(int, int, int)');
export const socketpair = bind<[N, N, N, N], N>('int socketpair(int, int, int, int64_t)');
export const setsockopt = bind<[N, N, N, N, N], N>('int setsockopt(int, int, int, int64_t, uint)');
export const getsockopt = bind<[N, N, N, N, N], N>(
  'int getsockopt(int, int, int, int64_t, int64_t)',
);
export const bindSocket = bind<[N, N, N], N>('int bind(int, int64_t, uint)');
export const listen = bind<[N, N], N>('int listen(int, int)');
export const connect = bind<[N, N, N], N>('int connect(int, int64_t, uint)');
export const accept4 = bind<[N, N, N, N], N>('int accept4(int, int64_t, int64_t, int)');
export const getsockname = bind<[N, N, N], N>('int getsockname(int, int64_t, int64_t)');
export const recv = bind<[N, N, N, N], N>('int recv(int, int64_t, size_t, int)');
export const send = bind<[N, N, N, N], N>('int send(int, int64_t, size_t, int)');
export const sendto = bind<[N, N, N, N, N, N], N>(
  'int sendto(int, int64_t, size_t, int, int64_t, uint)',
);
export const ifNameToIndex = bind<[string], N>('uint if_nametoindex(const char*)');
export const read = bind<[N, N, N], N>('int read(int, int64_t, size_t)');
export const write = bind<[N, N, N], N>('int write(int, int64_t, size_t)');
export const sendmsg = bind<[N, N, N], N>('int sendmsg(int, int64_t, int)');
export const recvmsg = bind<[N, N, N], N>('int recvmsg(int, int64_t, int)');
export const sendmmsg = bind<[N, N, N, N], N>('int sendmmsg(int, int64_t, uint, int)');
export const recvmmsg = bind<[N, N, N, N, N], N>('int recvmmsg(int, int64_t, uint, int, int64_t)');
export const splice = bind<[N, N, N, N, N, N], N>(
  'int splice(int, int64_t, int, int64_t, size_t, uint)',
);
export const pipe2 = bind<[N, N], N>('int pipe2(int64_t, int)');
export const shutdown = bind<[N, N], N>('int shutdown(int, int)');
export const close = bind<[N], N>('int close(int)');
export const fcntl = bind<[N, N, N], N>('int fcntl(int, int, int)');
export const epollCreate1 = bind<[N], N>('int epoll_create1(int)');
export const epollCtl = bind<[N, N, N, N], N>('int epoll_ctl(int, int, int, int64_t)');
export const epollWait = bind<[N, N, N, N], N>('int epoll_wait(int, int64_t, int, int)');
export const mmap = bind<[N, N, N, N, N, N], N | bigint>(
  'int64_t mmap(int64_t, size_t, int, int, int, int64_t)',
);
export const munmap = bind<[N, N], N>('int munmap(int64_t, size_t)');
export const lseek = bind<[N, N, N], N>('int64_t lseek(int, int64_t, int)');
export const memcpy = bind<[N, N, N], N>('int64_t memcpy(int64_t, int64_t, size_t)');
export const madvise = bind<[N, N, N], N>('int madvise(int64_t, size_t, int)');
export const memfdCreate = bind<[string, N], N>('int memfd_create(const char*, uint)');
export const ftruncate = bind<[N, N], N>('int ftruncate(int, int64_t)');
export const getrlimit = bind<[N, N], N>('int getrlimit(int, int64_t)');
export const setrlimit = bind<[N, N], N>('int setrlimit(int, int64_t)');
export const prctl = bind<[N, N, N, N, N], N>('int prctl(int, ulong, ulong, ulong, ulong)');
export const adjtimex = bind<[N], N>('int adjtimex(int64_t)');
export const unshare = bind<[N], N>('int unshare(int)');

/** The error number of the last failed call on this thread. */
export const errno: () => number = () => koffi.errno();

/** The JavaScript view of `bytes` bytes of memory at `address`. */
export function viewMemory(address: number, bytes: number): ArrayBuffer {
  return koffi.view(BigInt(address), bytes);
}

/**
 * The address of the memory behind a typed array, which must not be resized or transferred. It holds
 * as long as the array is in use: one that nothing refers to any more is collected, its address
 * notwithstanding. See `lastingAddressOf`.
 */
export function addressOf(array: Uint8Array | Int32Array): number {
  return Number(koffi.address(array));
}

const lasting: (Uint8Array | Int32Array)[] = [];

/**
 * The same for an array that serves as long as the process, such as the value of an option: a
 * variable of a module that no function mentions does not keep its array. Called when modules load.
 */
export function lastingAddressOf(array: Uint8Array | Int32Array): number {
  lasting.push(array);
  return addressOf(array);
}
