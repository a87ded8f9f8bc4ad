/** Connection tracking, buffers of UDP, and the kernel itself. */
import { SOCKET_BUFFER_BYTES } from '../../../sys/datagram-sockets.ts';
import { advice, ok, problem, sysctlFix, sysctlNumber, unknown, type Check } from '../check.ts';
import { sizeText } from '../size-text.ts';

const CONNTRACK_MAX = 'net.netfilter.nf_conntrack_max';

export const conntrack: Check = {
  name: 'conntrack',
  looksAt:
    '`net.netfilter.nf_conntrack_max` and how full the table is, where connections are tracked',
  why: 'When the table is full the kernel drops packets of new connections without an answer.',
  remedy: '`sysctl -w net.netfilter.nf_conntrack_max=…`, or `notrack` rules for the ports',
  look: (facts) => {
    if (facts.conntrack === null) return [];
    const { count, max } = facts.conntrack;
    const now = `${count} of ${max} tracked connections`;
    const { plan } = facts;
    // A client and its server are two entries.
    const needed = plan === null ? 0 : 2 * plan.limits.connections * plan.workers;
    const wanted = Math.max(2 * max, needed);
    const fix = sysctlFix(facts, CONNTRACK_MAX, wanted);
    if (count > max * 0.8) return [problem({ now, wanted: `at least ${wanted}`, fix })];
    if (count <= max * 0.5 && max >= needed) return [ok(now)];
    const of = needed > max ? `${needed}, two for each client` : `at least ${wanted}`;
    return [advice({ now, wanted: of, fix })];
  },
};

export const datagramBuffers: Check = {
  name: 'rmem-max',
  looksAt: '`net.core.rmem_max`, where there are udp listeners',
  why: 'A burst that does not fit into the buffer of its socket is lost (`receive-buffer`).',
  remedy: `\`sysctl -w net.core.rmem_max=${SOCKET_BUFFER_BYTES}\``,
  look: (facts) => {
    const hasUdp = facts.plan?.listeners.some(({ protocol }) => protocol === 'udp') ?? false;
    if (!hasUdp) return [];
    const now = sysctlNumber(facts, 'net.core.rmem_max');
    if (now === null) return [unknown('net.core.rmem_max cannot be read')];
    const text = `net.core.rmem_max is ${sizeText(now)}`;
    if (now >= SOCKET_BUFFER_BYTES) return [ok(text)];
    if (facts.subject.mayAdminNetwork) return [ok(`${text}, which CAP_NET_ADMIN passes over`)];
    const fix = sysctlFix(facts, 'net.core.rmem_max', SOCKET_BUFFER_BYTES);
    return [advice({ now: text, wanted: sizeText(SOCKET_BUFFER_BYTES), fix })];
  },
};

/** Linux 4.18: UDP_SEGMENT. EPOLLEXCLUSIVE is there since 4.5, IPV6_FREEBIND since 4.15. */
const KERNEL_MIN = { major: 4, minor: 18 } as const;

export const kernelVersion: Check = {
  name: 'kernel',
  looksAt: 'the version of the kernel',
  why:
    'EPOLLEXCLUSIVE (4.5) keeps workers from waking all for one connection, UDP_SEGMENT (4.18) ' +
    'sends datagrams in batches.',
  remedy: `Linux ${KERNEL_MIN.major}.${KERNEL_MIN.minor} or later`,
  look: ({ kernel: { release, major, minor } }) => {
    const isNew =
      major > KERNEL_MIN.major || (major === KERNEL_MIN.major && minor >= KERNEL_MIN.minor);
    if (isNew) return [ok(`Linux ${release}`)];
    const wanted = `${KERNEL_MIN.major}.${KERNEL_MIN.minor} or later`;
    return [problem({ now: `Linux ${release}`, wanted, fix: ['install a newer kernel'] })];
  },
};
