#!/bin/sh
# Installs the packages of package-lock.json into node_modules, if they are not there already.
set -eu
cd -- "$(dirname -- "$0")/../.."
stamp=node_modules/.installed-lock.json
if [ -d node_modules ] && cmp -s package-lock.json "$stamp"; then exit 0; fi

if ! command -v npm >/dev/null; then
  echo "make install: npm is not on the PATH: install Node 20 or newer with npm" >&2
  exit 1
fi
echo "== install: Node 26 and the packages of package-lock.json (about 300 MB on disk, once)"
# Not "npm ci": it refuses a lock file that lacks the optional packages of other systems, which a
# mirror need not have. This takes the locked versions with their checksums and changes no file.
npm install --no-save --no-progress --loglevel=error &
npm=$!
trap 'kill "$npm" 2>/dev/null || :' INT TERM
ticks=0
while kill -0 "$npm" 2>/dev/null; do
  sleep 1
  ticks=$((ticks + 1))
  if [ $((ticks % 5)) -eq 0 ]; then
    echo "   $(du -sm node_modules 2>/dev/null | cut -f1) MB after ${ticks} s"
  fi
done
wait "$npm"
cp package-lock.json "$stamp"
