// Takes advertisements that come in by one port of the switch and sends them out by another, each up
// to so many milliseconds late and one of ten twice: they arrive out of order.
import {
  interfaceIndex,
  openPacketSocket,
  receiveFrames,
  sendFrame,
} from '../sys/packet-sockets.ts';

const [from = '', to = '', late = '0'] = process.argv.slice(2);
/** Must match <linux/if_ether.h>: a bridge takes frames before sockets of one protocol see them. */
const ETH_P_ALL = 0x0003;
/** Only VRRP (protocol 112), whose sender has made the whole checksum, and only what comes in. */
const VRRP_FILTER = [
  // SKF_AD_PKTTYPE is not PACKET_OUTGOING.
  [0x30, 0, 0, 0xfffff004],
  [0x15, 5, 0, 4],
  [0x28, 0, 0, 12],
  [0x15, 0, 3, 0x0800],
  [0x30, 0, 0, 23],
  [0x15, 0, 1, 112],
  [0x06, 0, 0, 2_048],
  [0x06, 0, 0, 0],
] as const;
const TWICE = 0.1;

const source = openPacketSocket(ETH_P_ALL, interfaceIndex(from), VRRP_FILTER);
const target = openPacketSocket(ETH_P_ALL, interfaceIndex(to), [[0x06, 0, 0, 0]]);
setInterval(() => {
  receiveFrames(source, (frame) => {
    const copy = frame.slice();
    for (let i = 0; i < (Math.random() < TWICE ? 2 : 1); i++) {
      setTimeout(() => sendFrame(target, copy), Math.random() * Number(late));
    }
  });
}, 1);
