#!/bin/sh
# The comparison on the pinned Node, with options: see bench/run.sh --help.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd)
case "$(uname -m)" in
  aarch64 | arm64) arch=arm64 ;;
  *) arch=x64 ;;
esac
exec "$here/node_modules/node-linux-$arch/bin/node" --disable-warning=ExperimentalWarning \
  "$here/bench/run.ts" "$@"
