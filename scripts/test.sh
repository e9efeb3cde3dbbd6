#!/bin/sh
# `npm test`: installs what the tests need, then lint, types, unit tests and system tests. Every step runs, whatever
# the ones before it said; the exit status is 1 when one of them failed. Arguments choose steps: lint types unit system.
set -eu
. "$(dirname -- "$0")/install.sh"
cd "$root"
steps=${*:-lint types unit system}
install_node_packages
case " $steps " in
*' unit '* | *' system '*)
  install_debian_packages redis-server=redis-server kamailio=kamailio sip-tester=sipp sipvicious=svcrack openssl=openssl sngrep=sngrep \
    tshark=tshark prometheus=promtool nftables=nft chromium=chromium prometheus-alertmanager=prometheus-alertmanager socat=socat iproute2=ip systemd=systemd-analyze groff-base=groff poppler-utils=pdfinfo 'kamailio-redis-modules=/usr/lib/*/kamailio/modules/ndb_redis.so'
  build_console
  ;;
esac

results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
# Each test file, and each daemon and command that one starts, is a process: what one has compiled the next need not.
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$results/compiled}"
passed=0
failed=0
skipped=0
broken=

# Both reporters read the same run: one for people, one for the summary below.
run_tests() {
  name=$1
  shift
  node --test --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=tap --test-reporter-destination="$results/$name.tap" "$@"
}

count() { sed -n "s/^# $2 \([0-9][0-9]*\)$/\1/p" "$results/$1.tap" 2>/dev/null | tail -n 1; }

for step in $steps; do
  printf '\n== %s\n' "$step"
  began=$(date +%s)
  status=0
  case $step in
  lint) biome check . || status=1 ;;
  types)
    tsc --noEmit || status=1
    tsc --noEmit -p console || status=1
    ;;
  unit)
    run_tests unit --test-timeout=300000 'daemon/**/*.test.ts' 'detectors/**/*.test.ts' 'cli/**/*.test.ts' \
      'simulate/**/*.test.ts' 'bench/**/*.test.ts' || status=1
    ;;
  system) run_tests system --test-concurrency=1 --test-timeout=300000 'test/**/*.test.ts' || status=1 ;;
  *) fail "no such step: $step (lint types unit system)" ;;
  esac
  printf '== %s: %s, %s s\n' "$step" "$([ "$status" = 0 ] && echo ok || echo FAILED)" "$(($(date +%s) - began))"
  [ "$status" = 0 ] || broken="$broken $step"
  if [ -f "$results/$step.tap" ]; then
    run=$(count "$step" tests)
    if [ "${run:-0}" = 0 ]; then
      printf '== %s: no test was run\n' "$step"
      broken="$broken $step"
    fi
    passed=$((passed + $(count "$step" pass || echo 0)))
    failed=$((failed + $(count "$step" fail || echo 0) + $(count "$step" cancelled || echo 0)))
    skipped=$((skipped + $(count "$step" skipped || echo 0)))
  fi
done

case " $steps " in
*' unit '* | *' system '*) printf '\n%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped" ;;
esac
if [ -n "$broken" ]; then
  printf 'failed steps:%s\n' "$broken"
  exit 1
fi
