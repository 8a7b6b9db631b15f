#!/usr/bin/env bash
@HEAD@
#
# Without an option it prints what it would do, and calls nothing: a dry run.
#   --apply                run the steps that can be undone, cost nothing and stop no work
#   --apply-billed         with --apply: also run steps that Azure bills
#   --apply-downtime       with --apply: also run steps that may stop work or clients
#   --apply-decision       with --apply and --only: also run the named steps, on which a person has to decide first
#   --apply-irreversible   with --apply: also run steps that Azure cannot undo
#   --only NUMBER          only this step; may be repeated
# A step that is set apart for several reasons needs the option of each. Read the steps before you apply them.
# The files that the steps save are in FOLDER. Set FOLDER to that of an earlier run to go on with its files.
set -euo pipefail

# ---------------------------------------------------------------- names that you set, here or in the environment
@NAMES@

# ---------------------------------------------------------------- what changes and what it costs
@PLANS@

# ---------------------------------------------------------------- steps that can be undone, cost nothing, stop no work
@DEFAULT@

# ---------------------------------------------------------------- steps that are set apart
@APART@

# ---------------------------------------------------------------- how the steps run
every_step() {
@ORDER@
  :
}

stop() {
  printf 'Stopped: %s\n' "$1" >&2
  exit 1
}

must_list() {
  local found
  found="$("$@")"
  [ -n "$found" ] || stop "the list is empty: $*"
  printf '%s\n' "$found"
}

must_allow() {
  case " $(printf '%s' "$2" | tr '\r\n\t' '   ') " in
    "  " | *" $1 "*) ;;
    *) stop "Azure allows these isolation modes, not $1: $2" ;;
  esac
}

must_be_known() {
  local what="$1" name known is_known
  while IFS= read -r name; do
    name="${name%$'\r'}"
    is_known=no
    for known in "${@:3}"; do
      if [ "$known" = "$name" ]; then is_known=yes; fi
    done
    [ -z "$name" ] || [ "$is_known" = yes ] || stop "this plan does not know $name of the $what: plan again with azml-audit fix --live"
  done <<< "$2"
}

must_be_own() {
  grep -Eq '"computeType": *"(AmlCompute|ComputeInstance)"' "$1" ||
    stop "$PWD/$1 does not describe a compute that the workspace created: detach it instead of deleting it"
}

unless() {
  local show=()
  while [ "$1" != -- ]; do
    show+=("$1")
    shift
  done
  shift
  if ! "${show[@]}" > /dev/null 2>&1; then "$@"; fi
}

wait_for() {
  local wanted="$1" state='' tries=0
  shift
  while [ "$state" != "$wanted" ]; do
    tries=$((tries + 1))
    [ "$tries" -le 60 ] || stop "the state is $state, not $wanted, after half an hour"
    state="$("$@" | tr -d '\r')"
    [ "$state" = "$wanted" ] || sleep 30
  done
}

step() {
  local number="$1" name="$2" reasons="$3" folder="$4" title="$5" reason missing=''
  case "$only" in
    ' ' | *" $number "*) ;;
    *) return 0 ;;
  esac
  for reason in $reasons; do
    case "$allowed" in
      *" $reason "*) ;;
      *) missing="$missing --apply-$reason" ;;
    esac
    if [ "$reason" = decision ] && [ "$only" = ' ' ]; then missing="$missing --only $number"; fi
  done
  if [ "$task" = check ]; then
    if [ -z "$missing" ] && declare -F "needs_$number" > /dev/null; then "needs_$number"; fi
    return 0
  fi
  printf '\nStep %s: %s\n' "$number" "$title"
  if [ -n "$reasons" ]; then printf '  Set apart: %s\n' "${reasons// /, }"; fi
  if [ "$apply" = no ]; then
    if declare -F "needs_$number" > /dev/null; then declare -f "needs_$number" | sed '1,2d;$d'; fi
    declare -f "$name" | sed '1,2d;$d'
  elif [ -n "$missing" ]; then
    printf '  Not run. It needs%s\n' "$missing"
  else
    mkdir -p "$FOLDER/step-$folder"
    (
      cd "$FOLDER/step-$folder"
      "$name"
    )
  fi
}

apply=no
allowed=' '
only=' '
task=run
FOLDER="${FOLDER:-azml-audit-fix-$(date -u +%Y%m%dT%H%M%SZ)}"
while [ "$#" -gt 0 ]; do
  case "$1" in
    --apply) apply=yes ;;
    --apply-billed | --apply-downtime | --apply-decision | --apply-irreversible) allowed="$allowed${1#--apply-} " ;;
    --only)
      [ "$#" -gt 1 ] || stop '--only needs the number of a step'
      only="$only$2 "
      shift
      ;;
    *) stop "unknown option $1: the comment at the top lists the options" ;;
  esac
  shift
done
if [ "$apply" = no ] && [ "$allowed" != ' ' ]; then stop 'add --apply: without it nothing runs'; fi

if [ "$apply" = yes ]; then
  task=check
  every_step
  task=run
else
  printf 'Dry run: nothing is called. Add --apply to run the steps.\n'
fi
every_step
