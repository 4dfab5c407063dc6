#!/bin/bash
# One machine that passes for several: network namespaces on a bridge, each with a line of its own to it, whose rate is
# limited. Runs a command of mpirun's on them, and takes them away again. Needs root; their cores are this machine's.
#   examples/cluster/hosts.sh HOSTS RATE mpirun-arguments…        as: hosts.sh 4 1gbit -n 4 build/rank_bench compare 400 20
# LATENCY_US=50 before it: with that latency (latency.c) on every message.
set -e
hosts=$1 rate=$2
shift 2
work=$(mktemp -d)
clean() {
  for ((i = 0; i < hosts; ++i)); do ip netns del "fanin$i" 2>/dev/null || true; done
  ip link del faninbr 2>/dev/null || true
  rm -rf "$work"
}
trap clean EXIT
ip link add faninbr type bridge
ip link set faninbr up
for ((i = 0; i < hosts; ++i)); do
  ip netns add "fanin$i"
  ip link add "fanin-v$i" type veth peer name eth0 netns "fanin$i"
  ip link set "fanin-v$i" master faninbr up
  ip -n "fanin$i" addr add "10.87.0.$((i + 1))/24" dev eth0
  ip -n "fanin$i" link set eth0 up
  ip -n "fanin$i" link set lo up
  # Both ways: what the host sends, and what the bridge sends it.
  tc -n "fanin$i" qdisc add dev eth0 root tbf rate "$rate" burst 128kb latency 50ms
  tc qdisc add dev "fanin-v$i" root tbf rate "$rate" burst 128kb latency 50ms
  echo "10.87.0.$((i + 1)) slots=64" >>"$work/hosts"
done
# What mpirun starts its helpers by, in place of ssh: HOST COMMAND….
cat >"$work/agent" <<'AGENT'
#!/bin/bash
host=$1
shift
exec ip netns exec "fanin$((${host##*.} - 1))" unshare --uts sh -c "hostname $host; $*"
AGENT
chmod +x "$work/agent"
preload=()
if [ -n "$LATENCY_US" ]; then
  mpicc -O2 -shared -fPIC -o "$work/liblatency.so" "$(dirname "$0")/latency.c"
  preload=(-x "LD_PRELOAD=$work/liblatency.so" -x LATENCY_US)
fi
ip netns exec fanin0 unshare --uts sh -c 'hostname 10.87.0.1; exec "$@"' mpirun \
  mpirun --allow-run-as-root --hostfile "$work/hosts" --map-by node --bind-to none \
  --mca plm_rsh_agent "$work/agent" --mca oob_tcp_if_include eth0 --mca btl self,vader,tcp \
  --mca btl_tcp_if_include eth0 "${preload[@]}" "$@"
