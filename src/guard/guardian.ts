/**
 * The guardian: one process that holds floating addresses. Started by the supervisor with the
 * descriptors of GUARD_FD; goes on without it. One that is told to act does so within milliseconds,
 * since it has loaded everything before.
 */
import { writeFileSync } from 'node:fs';
import { readAddress } from '../codec/netlink/address.ts';
import { readLink } from '../codec/netlink/link.ts';
import { BallastError } from '../base/errors.ts';
import { receiveFd } from '../sys/fd-passing.ts';
import { FrameStream } from '../sys/frame-stream.ts';
import { Netlink, NetlinkNews } from '../sys/netlink.ts';
import { acceptNamed, listenNamed, peerUid, receiveText } from '../sys/named-sockets.ts';
import { mapShared } from '../sys/shared-memory.ts';
import { closeFd } from '../sys/sockets.ts';
import { Groups } from './groups.ts';
import { BOARD, BOARD_BYTES, GUARD_FD, GUARD_FRAME_BYTES_MAX } from './guard-protocol.ts';
import { orphanGuardianName } from './guard-protocol.ts';
import type { FromGuard, ToGuard } from './guard-protocol.ts';
import { Reactor } from './reactor.ts';
import { WorkerHearts } from './worker-hearts.ts';

/** Conditions are looked at so often, in ms. */
const LOOK_MS = 20;
/** What is seen is told at least so often, in ms. */
const STANDING_MS = 1_000;
/** Interfaces that could not be opened are tried again, in ms. */
const REOPEN_MS = 200;
/** Exceptions after which this process is not trusted any more, and ends itself to be replaced. */
const EXCEPTIONS_MAX = 100;

const reactor = new Reactor();
const board = new Float64Array(mapShared(GUARD_FD.board, BOARD_BYTES).buffer);
const control = new FrameStream<ToGuard, FromGuard>(GUARD_FD.control, GUARD_FRAME_BYTES_MAX);
const hearts = new WorkerHearts();
const fds = new Map<number, number>();
let exceptions = 0;
let groups: Groups | null = null;

/** The kernel is to end others first where memory is short; without the right to say so, it is not. */
function protect(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '-1000');
  } catch {
    // Allowed to root alone.
  }
}

function acting(): Groups {
  if (groups !== null) return groups;
  board[BOARD.pid] = process.pid;
  protect();
  const netlink = new Netlink('route');
  const made = new Groups({
    reactor,
    netlink,
    board,
    hearts,
    send: (frame) => control.send(frame),
  });
  const news = new NetlinkNews();
  const hear = (): void => {
    let isLinkChange = false;
    const isWhole = news.receive((message) => {
      const address = readAddress(message);
      // Our own are renewed all the time.
      if (address !== null) isLinkChange ||= !made.onAddress(address);
      else isLinkChange ||= readLink(message) !== null;
    });
    if (isLinkChange || !isWhole) made.reopen();
  };
  reactor.watch(news.fd, hear);
  every(LOOK_MS, () => made.glance());
  every(STANDING_MS, () => made.tellStanding());
  every(REOPEN_MS, () => made.reopen());
  groups = made;
  return made;
}

function every(ms: number, run: () => void): void {
  reactor.after(ms, () => {
    every(ms, run);
    run();
  });
}

function onFrame(frame: ToGuard): void {
  switch (frame.type) {
    case 'plan':
      onPlan(frame);
      break;
    case 'tracks':
      groups?.setVerdicts(frame.tracks);
      break;
    case 'workers':
      takeHearts();
      hearts.keepOnly(frame.indices);
      break;
    case 'steered':
      groups?.steered(frame.request, frame.ok);
      break;
    case 'move':
      groups?.move(frame.group, frame.request);
      break;
    case 'stop':
      if (groups === null) leave();
      else groups.stop(frame.limitMs, () => control.send({ type: 'stopped' }));
      break;
    case 'leave':
      leave();
      break;
    default:
      frame satisfies never;
  }
}

function onPlan(frame: Extract<ToGuard, { type: 'plan' }>): void {
  const { version } = frame;
  try {
    if (frame.act) acting().setPlan(frame);
    control.send({ type: 'applied', version });
  } catch (error) {
    if (!(error instanceof BallastError)) throw error;
    const { code, message, hint } = error;
    control.send({ type: 'refused', version, code, message, hint: hint ?? '' });
  }
}

function takeHearts(): void {
  for (;;) {
    const passed = receiveFd(GUARD_FD.descriptors);
    if (passed === null) return;
    const index = /^worker:(\d+)$/.exec(passed.text)?.[1];
    if (index === undefined) {
      closeFd(passed.fd);
      continue;
    }
    const number = Number(index);
    hearts.add(number, passed.fd, reactor.nowMs);
    const before = fds.get(number);
    if (before !== undefined) closeFd(before);
    fds.set(number, passed.fd);
  }
}

function leave(): void {
  groups?.leave();
  process.exit(0);
}

function receive(): void {
  control.receive((frame) => contained(() => onFrame(frame)));
  // Without the supervisor what is known stays in force.
  if (!control.isOpen) {
    reactor.unwatch(GUARD_FD.control);
    if (groups === null) process.exit(0);
    waitForSuccessor();
  }
}

/** Waits under the names of our addresses until a successor of the supervisor says "leave". */
function waitForSuccessor(): void {
  for (const host of groups!.firstHosts()) {
    const door = listenNamed(orphanGuardianName(host));
    reactor.watch(door, () => {
      for (let guest = acceptNamed(door); guest >= 0; guest = acceptNamed(door)) welcome(guest);
    });
  }
}

function welcome(guest: number): void {
  const uid = peerUid(guest);
  if (uid !== 0 && uid !== process.getuid!()) {
    closeFd(guest);
    return;
  }
  reactor.watch(guest, () => {
    const text = receiveText(guest);
    if (text === 'leave') leave();
    if (text !== '') return;
    reactor.unwatch(guest);
    closeFd(guest);
  });
}

function contained(run: () => void): void {
  try {
    run();
  } catch (error) {
    onError(error);
  }
}

function onError(error: unknown): void {
  const isKnown = error instanceof BallastError;
  const code = isKnown ? error.code : 'BAL_ADDRESS_EXCEPTION';
  const message = isKnown ? error.message : String(error instanceof Error ? error.stack : error);
  control.send({ type: 'event', level: 'error', code, group: '', message });
  if (!isKnown && ++exceptions > EXCEPTIONS_MAX) process.exit(1);
}

reactor.watch(GUARD_FD.control, receive);
control.send({ type: 'hello', pid: process.pid });
reactor.run(() => {
  if (groups !== null) board[BOARD.heartbeat]!++;
  control.flush();
}, onError);
