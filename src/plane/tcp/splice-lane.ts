/**
 * One direction of a session that carries bulk: the kernel hands pages from one socket through a pipe
 * to the other, and nothing is copied. Measured on loopback, a pipe of 512 KiB moves about twice as
 * many bytes per second of processor time as receiving into a buffer and sending from it. For small
 * messages two calls more are not worth it: a direction gets its lane when a receive has filled the
 * whole buffer, and gives it back when little comes at a time.
 */
import { EAGAIN } from '../../sys/errno.ts';
import * as libc from '../../sys/libc.ts';
import { closePipe, moveBytes, openPipe } from '../../sys/pipes.ts';
import type { Pipe } from '../../sys/pipes.ts';
import type { Connection } from '../connection.ts';

/** Bytes of a pipe. A user without privileges may hold 64 MiB in pipes. */
const PIPE_BYTES = 512 << 10;
/** Pipes of a worker, in use or not; directions past them copy. */
const PIPES_MAX = 32;
/** Descriptors that all of them are. */
export const LANE_DESCRIPTORS = 2 * PIPES_MAX;
/** A lane that moves less than this at once is not worth its calls. */
const WORTH_BYTES = 32 << 10;

export type Lane = {
  readonly pipe: Pipe;
  /** Bytes in the pipe: taken from one side, not yet given to the other. */
  held: number;
};

/** What one step of a lane has come to. */
export const LANE = {
  /** Bytes were moved: there may be more. */
  moved: 0,
  /** Nothing more can be done until one of the sides is ready. */
  waits: 1,
  senderBroken: 2,
  receiverBroken: 3,
  /** Everything is passed on, and it was little or nothing: a receive is to tell what comes next. */
  over: 4,
} as const;

const free: Lane[] = [];
let pipes = 0;

/** A lane for a direction; null where all are in use. */
export function takeLane(): Lane | null {
  const known = free.pop();
  if (known !== undefined) return known;
  if (pipes >= PIPES_MAX) return null;
  const pipe = openPipe(PIPE_BYTES);
  if (pipe === null) return null;
  pipes++;
  return { pipe, held: 0 };
}

/** Gives a lane back; one that still holds bytes is closed, and they are lost with it. */
export function giveLane(lane: Lane): void {
  if (lane.held === 0) {
    free.push(lane);
    return;
  }
  pipes--;
  closePipe(lane.pipe);
}

/** Moves what there is once: from the sender into the pipe, where it is empty, and out of it. */
export function stepLane(lane: Lane, from: Connection, to: Connection): number {
  let taken = lane.held;
  if (taken === 0) {
    if (!from.canRead) return LANE.waits;
    taken = moveBytes(from.fd, lane.pipe.writeFd, lane.pipe.sizeBytes);
    // The end of the stream, but also an urgent byte: splice(2) stops there and says the same.
    if (taken === 0) return LANE.over;
    if (taken < 0) {
      from.canRead = false;
      return libc.errno() === EAGAIN ? LANE.waits : LANE.senderBroken;
    }
    from.bytesIn += taken;
    lane.held = taken;
  }
  const sent = moveBytes(lane.pipe.readFd, to.fd, lane.held);
  if (sent < 0) {
    if (libc.errno() !== EAGAIN) return LANE.receiverBroken;
    to.canWrite = false;
    return LANE.waits;
  }
  lane.held -= sent;
  to.bytesOut += sent;
  return lane.held === 0 && taken < WORTH_BYTES ? LANE.over : LANE.moved;
}
