// Forges advertisements of priority 255 for an address from the host that it runs on: of both
// versions, 100 a second or as many as the second argument says.
import { parseIp } from '../codec/ip-address.ts';
import { VRRP_GROUP } from '../codec/vrrp/advert.ts';
import { encodeAdvert } from '../codec/vrrp/encode.ts';
import { networkInterfaces } from 'node:os';
import { interfaceIndex } from '../sys/packet-sockets.ts';
import { ipSockaddr, openVrrpSender, sendVrrp } from '../sys/vrrp-sockets.ts';

const [address = '', perSecond = '100'] = process.argv.slice(2);
const EVERY_MS = 5;
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
const to = ipSockaddr(destination, index);
const begun = performance.now();
let sent = 0;
setInterval(() => {
  const due = ((performance.now() - begun) * Number(perSecond)) / 1000;
  // What the machine does not manage is left out.
  for (
    const burst = sent + (Number(perSecond) * EVERY_MS) / 250;
    sent < due && sent < burst;
    sent++
  )
    sendVrrp(fd, messages[sent % 2]!, to);
}, EVERY_MS);
process.on('SIGTERM', () => process.stdout.write(`${sent}\n`, () => process.exit(0)));
