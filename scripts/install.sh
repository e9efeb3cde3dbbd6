# Functions that bring a bare Debian 12 (or newer) or Ubuntu to where Vigie runs. Sourced by the other scripts:
#   . scripts/install.sh
#   install_node_packages            the packages of package-lock.json and the pinned Node.js runtime
#   install_debian_packages NAME=PROBE…
# Everything they say goes to stderr. Nothing is installed that is already there, and no service is left running.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)

say() { printf '%s\n' "vigie: $*" >&2; }

fail() {
  say "$*"
  exit 1
}

# True when `node` on the PATH is 24 or newer: older ones cannot run TypeScript as it is.
node_is_new_enough() {
  [ "$(node -p 'Number(process.versions.node.split(".")[0]) >= 24' 2>/dev/null)" = true ]
}

install_node_packages() {
  command -v npm >/dev/null 2>&1 ||
    fail 'npm is not installed. Install Node.js 20 or newer with npm (Debian, Ubuntu: apt-get install nodejs npm).'
  stamp="$root/node_modules/.installed"
  lock=$(sha256sum "$root/package-lock.json" | cut -d ' ' -f 1)
  if [ "$(cat "$stamp" 2>/dev/null)" != "$lock" ]; then
    # npm must not run on the runtime that it is about to replace.
    outer_path=$(printf '%s' "$PATH" | tr ':' '\n' | grep -vFx "$root/node_modules/.bin" | paste -sd ':' -)
    if ! { [ -d "$root/node_modules" ] && (cd "$root" && PATH=$outer_path npm ls --all >/dev/null 2>&1); }; then
      say 'installing the npm packages'
      (cd "$root" && PATH=$outer_path npm ci --no-audit --no-fund --loglevel=error >&2) ||
        fail 'npm ci failed. If it says that package-lock.json is not in sync: npm install --package-lock-only, and commit it.'
    fi
    # Where npm runs no install scripts, the runtime's own is still to be run.
    [ -x "$root/node_modules/.bin/node" ] || [ ! -f "$root/node_modules/node/installArchSpecificPackage.js" ] ||
      (cd "$root/node_modules/node" && PATH=$outer_path node installArchSpecificPackage.js >&2) || true
    printf '%s\n' "$lock" >"$stamp"
  fi
  PATH="$root/node_modules/.bin:$PATH"
  export PATH
  node_is_new_enough ||
    fail "Node.js 24 is needed; found $(node --version 2>/dev/null || echo none). Remove node_modules and try again."
}

# The probe of a package: a command, or a file pattern when it begins with a slash.
is_there() {
  case $1 in
  /*) for file in $1; do [ -e "$file" ] && return 0; done ;;
  *) command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] && return 0 ;;
  esac
  return 1
}

# Runs a command as root.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install_debian_packages() {
  missing=
  for entry in "$@"; do
    is_there "${entry#*=}" || missing="$missing ${entry%%=*}"
  done
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null 2>&1 ||
    fail "missing:$missing. There is no apt-get here (Debian 12 or newer, or Ubuntu, is expected): install them by hand."
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 ||
      fail "missing:$missing. Run this as root, or as root: apt-get install --no-install-recommends$missing"
    if ! sudo -n true 2>/dev/null && ! [ -t 0 ]; then
      fail "missing:$missing. sudo asks for a password and there is no terminal. As root: apt-get install --no-install-recommends$missing"
    fi
  fi
  say "installing$missing"
  # Debian starts a service when its package is installed. Vigie runs what it needs itself.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    trap 'as_root rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM
  else
    policy=
  fi
  set -- -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -qq
  installed=0
  as_root apt-get "$@" update >&2 || say 'apt-get update failed; trying with the lists that are there'
  # shellcheck disable=SC2086 # a list of names
  as_root env DEBIAN_FRONTEND=noninteractive apt-get "$@" install -y --no-install-recommends $missing >&2 || installed=1
  if [ -n "$policy" ]; then
    as_root rm -f "$policy"
    trap - EXIT INT TERM
  fi
  [ "$installed" = 0 ] || fail "apt-get could not install:$missing"
  # Only what was installed just now; a service that was there before is left as it is.
  if [ -d /run/systemd/system ]; then
    for name in $missing; do
      as_root systemctl disable --quiet "$name" 2>/dev/null || true
    done
  fi
}

# Bundles the console into console/dist, unless it was made of the very same sources and packages.
build_console() {
  made_of=$(cd "$root" && find console daemon/policy/translation.ts package-lock.json -type f -not -path 'console/dist/*' |
    LC_ALL=C sort | xargs sha256sum | sha256sum | cut -d ' ' -f 1)
  if [ "$(cat "$root/console/dist/.made-of" 2>/dev/null)" = "$made_of" ] && [ -f "$root/console/dist/index.html" ]; then
    return 0
  fi
  say 'building the console'
  (cd "$root" && node node_modules/vite/bin/vite.js build console --logLevel warn >&2) ||
    fail 'the console could not be built: see above. Vigie itself runs without it.'
  printf '%s\n' "$made_of" >"$root/console/dist/.made-of"
}
