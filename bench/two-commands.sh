#!/usr/bin/env bash
# The two commands of the README as a newcomer meets them: an empty folder, an empty npm cache, the system's Node.
# Prints how long they take and how much is downloaded and installed.
#
#   bench/two-commands.sh [REPOSITORY]     REPOSITORY: what is cloned; default: this checkout's last commit
set -euo pipefail

repository=${1:-$(cd "$(dirname "$0")/.." && pwd)}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export npm_config_cache=$folder/cache

timed() {
  local start=$EPOCHREALTIME
  "$@"
  awk -v a="$start" -v b="$EPOCHREALTIME" -v what="$*" 'BEGIN { printf "\n>>> %.1f s  %s\n\n", b - a, what }'
}

git clone --quiet "$repository" "$folder/exp"
cd "$folder/exp"
echo "Node $(node --version), npm $(npm --version)"
timed npm ci --no-audit --no-fund
timed npx exp run configs/quickstart.yaml
timed npm test
du -sh "$npm_config_cache" node_modules | sed "s#$folder/##"
