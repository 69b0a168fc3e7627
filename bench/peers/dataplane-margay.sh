#!/bin/bash
# usage: dataplane-margay.sh [ENDPOINTS] [prod.env] [tenant]     until it is ended (Ctrl-C, or the end of its standard input)
# Sets the agent's dataplane up for the packet-cost referee (README.md, "Dataplane"): two workloads with links as the agent makes them, ENDPOINTS endpoints in the tables, each under 10 of
# ENDPOINTS/10 policies of 10 rules in both directions, of which only the last rule of the last policy matches; and writes prod.env, which the referee reads:
#   dataplane-margay.sh 1000 /tmp/prod.env &           ./run.py --product /tmp/prod.env -s S3s-1000,S2l-1000 -m pps1,ppsnew,rr,crr
#   dataplane-margay.sh 1000 /tmp/prod.env tenant &    ./run.py --product /tmp/prod.env -s S6r,S6v,S6p -m tput,pps1,ppsnew,rr,crr
# With "tenant" the workloads are in one virtual network on two hosts. MARGAY_DATAPLANE_BENCH, or MARGAY_NETWORKS_BENCH, names the published program; else it is published on first use.
set -eu
here=$(dirname "$(readlink -f "$0")")
endpoints=${1:-1000} env=${2:-prod.env}
case ${3:-} in
  tenant) project=Networks part=tenants bin=${MARGAY_NETWORKS_BENCH:-} ;;
  *) project=Dataplane part=referee bin=${MARGAY_DATAPLANE_BENCH:-} ;;
esac
bin=${bin:-$here/../$project/bin/publish/Margay.$project.Bench}
[ -x "$bin" ] || dotnet publish "$here/../$project" -c Release -r linux-x64 -o "$(dirname "$bin")" -v q --nologo >&2
rm -f "$env"
"$bin" $part "$endpoints" "$env" <&0 &
trap 'kill -INT $! 2>/dev/null || true' INT TERM
for _ in $(seq 600); do [ -s "$env" ] && break; sleep 0.1; done
. "$env"
# As the referee's own scenarios have it: short timeouts, so that connection tracking does not fill; many client ports.
for ns in "$HOST_NS" ${HOST2_NS:-}; do
  ip netns exec "$ns" sh -c 'cd /proc/sys/net/netfilter; echo 2 >nf_conntrack_tcp_timeout_time_wait; echo 1 >nf_conntrack_tcp_timeout_close; echo 2 >nf_conntrack_tcp_timeout_last_ack; echo 60 >nf_conntrack_udp_timeout_stream'
done
for ns in "$CLIENT_NS" "$SERVER_NS"; do ip netns exec "$ns" sh -c 'echo "1024 65500" >/proc/sys/net/ipv4/ip_local_port_range; echo 1 >/proc/sys/net/ipv4/tcp_tw_reuse'; done
wait
