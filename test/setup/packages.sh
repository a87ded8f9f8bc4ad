#!/bin/sh
# Installs the Debian packages that some tests use as real peers. Without root, or without apt-get,
# or without the network, it says what is missing; the tests concerned then skip with that reason.
set -eu
PATH="$PATH:/usr/sbin:/sbin"

missing=
need() { command -v "$1" >/dev/null || missing="$missing $2"; }
need haproxy haproxy
need nginx nginx-light
need curl curl
need openssl openssl
need dnsmasq dnsmasq-base
need pg_ctlcluster postgresql
need mariadbd mariadb-server
need redis-server redis-server
need slapd slapd
need sipp sip-tester
need aiosmtpd python3-aiosmtpd
need dig bind9-dnsutils
need pebble pebble
need chromium chromium
need keepalived keepalived
need nft nftables
need ip iproute2
need conntrack conntrack
need tcpdump tcpdump
need pgrep procps
set -- /usr/lib/*/faketime/libfaketimeMT.so.1
[ -e "$1" ] || missing="$missing libfaketime"
[ -e /usr/lib/nginx/modules/ngx_stream_module.so ] || missing="$missing libnginx-mod-stream"
[ -x /usr/lib/frr/vrrpd ] || missing="$missing frr"
# A module of Debian's own Python.
/usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null || missing="$missing python3-aiosmtpd"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "== packages: missing:$missing (needs root and apt-get: the tests that use them skip)"
  exit 0
fi
echo "== packages:$missing"
# A service of the distribution must not start because a test wants its program.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
options="-o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0"
# shellcheck disable=SC2086 # both lists are meant to be split
if ! apt-get $options update || ! apt-get $options install -y --no-install-recommends $missing; then
  echo "== packages: apt-get failed: the tests that use$missing skip"
fi
