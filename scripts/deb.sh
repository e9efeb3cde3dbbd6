#!/bin/sh
# `npm run deb`: the Debian package, var/vigie_VERSION_ARCHITECTURE.deb, with the production packages and the pinned Node.js inside.
# Debian 12 has an older Node.js, and a daemon that is to run for years should not change its runtime with the distribution.
set -eu
. "$(dirname -- "$0")/install.sh"
cd "$root"
install_node_packages
command -v dpkg-deb >/dev/null || fail 'dpkg-deb is missing: a Debian package is made on Debian or Ubuntu.'
version=$(node -p "require('./package.json').version")
architecture=$(dpkg --print-architecture)
file="$root/var/vigie_${version}_$architecture.deb"
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
package="$stage/package"
home="$package/usr/lib/vigie"
umask 022
mkdir -p "$root/var" "$home/runtime" "$package/DEBIAN" "$package/etc/vigie" "$package/usr/bin" "$package/lib/systemd/system" \
  "$package/usr/share/doc/vigie" "$package/usr/share/man/man1" "$package/usr/share/bash-completion/completions"

say 'collecting the production packages'
cp package.json package-lock.json "$home/"
(cd "$home" && npm ci --prefer-offline --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
cp "$(node -p process.execPath)" "$home/runtime/node"
strip --strip-unneeded "$home/runtime/node" 2>/dev/null || true

say 'building the console'
npm run --silent build:console >&2
for folder in cli daemon detectors config simulate; do
  cp -R "$folder" "$home/"
done
mkdir -p "$home/console"
cp -R console/dist "$home/console/"
find "$home/cli" "$home/daemon" "$home/detectors" "$home/simulate" \( -name '*.test.ts' -o -name '*.fixture.ts' -o -name 'cases*.ts' \) -delete
mkdir -p "$home/deploy"
for folder in deploy/*/; do
  case $folder in
  deploy/debian/ | deploy/kubernetes/) ;;
  *) cp -R "${folder%/}" "$home/deploy/" ;;
  esac
done

printf '#!/bin/sh\nexec /usr/lib/vigie/runtime/node /usr/lib/vigie/cli/main.ts "$@"\n' >"$package/usr/bin/vigie"
chmod 755 "$package/usr/bin/vigie"
cp config/vigie.yaml "$package/etc/vigie/vigie.yaml"
cp deploy/systemd/vigie.service "$package/lib/systemd/system/"
cp LICENSE "$package/usr/share/doc/vigie/copyright"
gzip -9n <CHANGELOG.md >"$package/usr/share/doc/vigie/changelog.gz"
"$home/runtime/node" cli/main.ts man | gzip -9n >"$package/usr/share/man/man1/vigie.1.gz"
"$home/runtime/node" cli/main.ts completion bash >"$package/usr/share/bash-completion/completions/vigie"

echo /etc/vigie/vigie.yaml >"$package/DEBIAN/conffiles"
for script in postinst prerm postrm; do
  install -m 755 "deploy/debian/$script" "$package/DEBIAN/$script"
done
cat >"$package/DEBIAN/control" <<CONTROL
Package: vigie
Version: $version
Architecture: $architecture
Maintainer: Vigie <vigie@localhost>
Installed-Size: $(du -ks "$package" | cut -f 1)
Depends: libc6 (>= 2.28), libstdc++6, adduser
Recommends: redis-server
Section: comm
Priority: optional
Description: $(node -p "require('./package.json').description")
 Watches SIP signalling (HEP, drachtio, captures) against the limits that customers signed,
 suspends lines or raises fair-use alerts with clause, numbers and evidence.
CONTROL
chmod -R u=rwX,go=rX "$package"
say 'packing'
dpkg-deb --root-owner-group -Zzstd -z3 --build "$package" "$file" >&2
printf '%s\n' "$file"
