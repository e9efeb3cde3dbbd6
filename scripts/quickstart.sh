#!/bin/sh
# `npm run quickstart`: Vigie with a private Redis, on a machine that has neither. Arguments go to `vigie run`.
set -eu
. "$(dirname -- "$0")/install.sh"
cd "$root"
install_node_packages
install_debian_packages redis-server=redis-server
exec cli/vigie run "$@"
