/**
 * What nodes of Ballast tell each other about a planned move, as whole Ethernet frames of fixed
 * length: the one that leaves says so first, so that its successor sends the connections it does not
 * know back to where they live. Nodes that know no such notes never see them.
 */
import { BROADCAST_MAC, MAC_BYTES } from './mac.ts';

/** IEEE 802 local experimental EtherType 1 (RFC 9542 §3). */
export const ETHERTYPE_NOTE = 0x88b5;
/** Bytes of a frame; the link pads it. */
export const NOTE_FRAME_BYTES = 50;

const MAGIC = [0x42, 0x4c, 0x53, 0x54] as const;
const VERSION = 1;
const KINDS = ['leaving', 'ready', 'done'] as const;
const BODY_AT = 14;
/** Longest drain that is believed, in ms: a day. */
const DRAIN_MS_MAX = 86_400_000;

export type LeaveNote = {
  /**
   * `leaving`: the addresses of the virtual router will move. `ready`: the sender sends unknown
   * connections back from now on. `done`: the leaver has let go; there is nothing to send back to.
   */
  readonly kind: (typeof KINDS)[number];
  /** Virtual router identifier, 1 to 255. */
  readonly vrid: number;
  /** Number of the move, chosen by the leaver: 32 bits. */
  readonly move: number;
  /** For how long the leaver serves the connections it has, in ms. */
  readonly drainMs: number;
  /** The leaver's own addresses on the link; null where it has none. */
  readonly ipv4: Uint8Array | null;
  readonly linkLocal: Uint8Array | null;
};

/** A frame to every host of the link. */
export function encodeNote(note: LeaveNote, mac: Uint8Array): Uint8Array {
  const out = new Uint8Array(NOTE_FRAME_BYTES);
  const view = new DataView(out.buffer);
  out.set(BROADCAST_MAC, 0);
  out.set(mac, MAC_BYTES);
  view.setUint16(12, ETHERTYPE_NOTE);
  out.set([...MAGIC, VERSION, KINDS.indexOf(note.kind), note.vrid, 0], BODY_AT);
  view.setUint32(22, note.move);
  view.setUint32(26, note.drainMs);
  if (note.ipv4 !== null) out.set(note.ipv4, 30);
  if (note.linkLocal !== null) out.set(note.linkLocal, 34);
  return out;
}

/** Reads a frame; null where it is something else. */
export function decodeNote(frame: Uint8Array): LeaveNote | null {
  if (frame.length < NOTE_FRAME_BYTES) return null;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  if (view.getUint16(12) !== ETHERTYPE_NOTE) return null;
  if (MAGIC.some((byte, i) => frame[BODY_AT + i] !== byte)) return null;
  const [version, number, vrid] = [frame[18], frame[19]!, frame[20]!];
  const kind = KINDS[number];
  const drainMs = view.getUint32(26);
  if (version !== VERSION || kind === undefined || vrid === 0 || drainMs > DRAIN_MS_MAX)
    return null;
  const ipv4 = frame.slice(30, 34);
  const linkLocal = frame.slice(34, 50);
  return {
    kind,
    vrid,
    move: view.getUint32(22),
    drainMs,
    ipv4: ipv4[0] === 0 ? null : ipv4,
    linkLocal: linkLocal[0] === 0xfe && linkLocal[1] === 0x80 ? linkLocal : null,
  };
}
