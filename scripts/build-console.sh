#!/bin/sh
# `npm run build:console`: bundles the console into console/dist, if its sources or packages have changed since the last time.
set -eu
. "$(dirname -- "$0")/install.sh"
cd "$root"
install_node_packages
build_console
