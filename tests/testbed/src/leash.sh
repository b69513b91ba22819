# Ends what its owner started once the owner is gone, however it went: the pipe on standard
# input closes even when the owner is killed with SIGKILL. Lines: "hold PID", "release PID",
# "directory PATH" (removed at the end). Directories are the positional parameters.
trap '' HUP INT TERM
set --
pids=
while read -r verb name; do
    case $verb in
    hold) pids="$pids $name" ;;
    release)
        kept=
        for pid in $pids; do
            [ "$pid" = "$name" ] || kept="$kept $pid"
        done
        pids=$kept
        ;;
    directory) set -- "$@" "$name" ;;
    esac
done
[ -z "$pids" ] || kill -9 $pids
rm -rf "$@" || { sleep 1 && rm -rf "$@"; }
