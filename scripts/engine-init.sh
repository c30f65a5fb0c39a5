#!/bin/sh
# Process 1 of a private Docker engine: a dockerd (with its containerd) in mount, process and network namespaces of its own, so
# that nothing of it is left when this process ends: no mount, no bridge, no firewall rule, no container.
#
#   engine-init.sh DIR DOCKERD-OPTIONS…
#
# Reads words from standard input: `stop` (SIGTERM) and `kill` (SIGKILL) end dockerd and wait for it, `start` starts it again;
# each is answered by `done` in DIR/answers. The end of the input ends everything: whoever started it is gone.
set -u
dir=$1
shift
exec 3<&0

ip link set lo up 2>/dev/null || busybox ip link set lo up 2>/dev/null || busybox ifconfig lo up

supervise() {
  start "$@"
  while read -r word; do
    case $word in
      stop) end TERM ;;
      kill) end KILL ;;
      start) start "$@" ;;
    esac
    echo done >>"$dir/answers"
  done
}

start() {
  rm -f "$dir/docker.pid"
  dockerd "$@" >>"$dir/dockerd.log" 2>&1 3<&- &
  dockerd=$!
}

end() {
  kill "-$1" "$dockerd" 2>/dev/null
  wait "$dockerd"
}

# In the background, because `wait` also buries the orphans that a process 1 inherits.
supervise "$@" <&3 &
wait $!
