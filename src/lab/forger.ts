// Forges advertisements of priority 255 for an address, 50 a second, from the host that it runs on.
import { parseIp } from '../codec/ip-address.ts';
import { VRRP_GROUP } from '../codec/vrrp/advert.ts';
import { encodeAdvert } from '../codec/vrrp/encode.ts';
import { networkInterfaces } from 'node:os';
import { interfaceIndex } from '../sys/packet-sockets.ts';
import { ipSockaddr, openVrrpSender, sendVrrp } from '../sys/vrrp-sockets.ts';

const [address = ''] = process.argv.slice(2);
const index = interfaceIndex('eth0');
const own = networkInterfaces()['eth0']?.find(({ family }) => family === 'IPv4')?.address ?? '';
const source = parseIp(own)!;
const destination = parseIp(VRRP_GROUP.ipv4)!;
const carrier = { family: 'ipv4', source, destination } as const;
const base = { vrid: 51, priority: 255, addresses: [parseIp(address)!] };
const messages = [
  encodeAdvert({ ...base, version: 3, intervalMs: 20 }, carrier),
  encodeAdvert({ ...base, version: 2, intervalMs: 1_000 }, carrier),
];
const fd = openVrrpSender({ family: 'ipv4', interface: 'eth0', index }, source);
setInterval(() => {
  for (const message of messages) sendVrrp(fd, message, ipSockaddr(destination, index));
}, 20);
