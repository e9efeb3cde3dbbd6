#!/bin/sh
# `npm run quickstart`: Vigie with a private Redis, on a machine that has neither. With --demo it watches a synthetic operator
# instead of a proxy; further arguments go to `vigie quickstart` or `vigie demo`.
set -eu
. "$(dirname -- "$0")/install.sh"
cd "$root"
install_node_packages
install_debian_packages redis-server=redis-server
build_console
command=quickstart
for argument in "$@"; do
  shift
  if [ "$argument" = --demo ]; then command=demo; else set -- "$@" "$argument"; fi
done
exec cli/vigie "$command" "$@"
