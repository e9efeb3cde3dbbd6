#!/bin/sh
# `npm run bench [-- --json]`: every figure of the README, measured here and now.
set -eu
. "$(dirname -- "$0")/install.sh"
cd "$root"
install_node_packages
install_debian_packages redis-server=redis-server
exec node bench/main.ts "$@"
