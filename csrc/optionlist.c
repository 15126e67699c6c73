/*
** optionlist.c: the one table of socket options: name, level, number, access,
** type.
*/

#include <limits.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "constant.h"
#include "optionnumber.h"
#include "optionvalue.h"

/* The last fields of an option, by type. */
#define BOOLEAN &sk_tboolean, 0, 1, NULL
#define INT(lo, hi) &sk_tinteger, lo, hi, NULL
#define COUNT INT(0, INT_MAX)
#define UNSIGNED INT(0, UINT32_MAX)
#define INT64 &sk_tinteger64, INT64_MIN, INT64_MAX, NULL
#define SIZE64 &sk_tinteger64, 0, INT64_MAX, NULL
#define NAME(list) &sk_tname, 0, 0, list
#define FLAGS(list) &sk_tflags, 0, 0, list
#define SECONDS(persecond) &sk_tseconds, persecond, 0, NULL
#define TEXT(size) &sk_ttext, 0, size, NULL
#define BYTES(most) &sk_tbytes, 0, most, NULL
#define TYPE(type) &sk_t##type, 0, 0, NULL
#define BIGENDIAN &sk_tinterface, 1, 0, NULL
#define MANY(type) &sk_t##type, 0, 1024, NULL
#define OTHER(type, number) &sk_t##type, number, 0, NULL

#define G SK_GET
#define S SK_SET
#define GS SK_BOTH

/* Each row is on its own; LINUX rows are absent, but known, elsewhere. */
#define POSIX(name, level, number, ...) {name, level, number, __VA_ARGS__}
#if SK_LINUX
#define LINUX POSIX
#else
#define LINUX(name, level, number, ...) {name, 0, SK_ABSENT, GS, COUNT}
#endif

#if SK_LINUX

static const sk_Constant stamping[] = {
  {"tx_hardware", 1 << 0},   {"tx_software", 1 << 1},
  {"rx_hardware", 1 << 2},   {"rx_software", 1 << 3},
  {"software", 1 << 4},      {"sys_hardware", 1 << 5},
  {"raw_hardware", 1 << 6},  {"opt_id", 1 << 7},
  {"tx_sched", 1 << 8},      {"tx_ack", 1 << 9},
  {"opt_cmsg", 1 << 10},     {"opt_tsonly", 1 << 11},
  {"opt_stats", 1 << 12},    {"opt_pktinfo", 1 << 13},
  {"opt_tx_swhw", 1 << 14},  {"bind_phc", 1 << 15},
  {"opt_id_tcp", 1 << 16},   {"opt_rx_filter", 1 << 17},
  {"tx_completion", 1 << 18}, {NULL, 0}
};

static const sk_Constant buflocks[] = {
  {"sndbuf", 1}, {"rcvbuf", 2}, {NULL, 0}
};

/* IP_PMTUDISC_ and IPV6_PMTUDISC_ are the same. */
static const sk_Constant discovery[] = {
  {"dont", 0},  {"want", 1},      {"do", 2}, {"probe", 3},
  {"interface", 4}, {"omit", 5}, {NULL, 0}
};

static const sk_Constant encapsulations[] = {
  {"none", 0},  {"espinudp_non_ike", 1}, {"espinudp", 2}, {"l2tpinudp", 3},
  {"gtp0", 4},  {"gtp1u", 5},            {"rxrpc", 6},    {NULL, 0}
};

/* RFC 5014 */
static const sk_Constant preferences[] = {
  {"tmp", 0x1},   {"public", 0x2}, {"pubtmp_default", 0x100},
  {"coa", 0x4},   {"home", 0x400}, {"cga", 0x8},
  {"noncga", 0x800}, {NULL, 0}
};

static const sk_Constant tpversions[] = {
  {"v1", 0}, {"v2", 1}, {"v3", 2}, {NULL, 0}
};

#endif

const sk_Option sk_options[] = {
  /* socket(7), unix(7) */
  POSIX("so_acceptconn", SOL_SOCKET, SO_ACCEPTCONN, G, BOOLEAN),
  POSIX("so_broadcast", SOL_SOCKET, SO_BROADCAST, GS, BOOLEAN),
  POSIX("so_debug", SOL_SOCKET, SO_DEBUG, GS, BOOLEAN),
  POSIX("so_dontroute", SOL_SOCKET, SO_DONTROUTE, GS, BOOLEAN),
  POSIX("so_error", SOL_SOCKET, SO_ERROR, G, TYPE(error)),
  POSIX("so_keepalive", SOL_SOCKET, SO_KEEPALIVE, GS, BOOLEAN),
  POSIX("so_linger", SOL_SOCKET, SO_LINGER, GS, TYPE(linger)),
  POSIX("so_oobinline", SOL_SOCKET, SO_OOBINLINE, GS, BOOLEAN),
  POSIX("so_rcvbuf", SOL_SOCKET, SO_RCVBUF, GS, COUNT),
  POSIX("so_rcvlowat", SOL_SOCKET, SO_RCVLOWAT, GS, COUNT),
  POSIX("so_rcvtimeo", SOL_SOCKET, SO_RCVTIMEO, GS, TYPE(timeval)),
  POSIX("so_reuseaddr", SOL_SOCKET, SO_REUSEADDR, GS, BOOLEAN),
  POSIX("so_reuseport", SOL_SOCKET, SO_REUSEPORT, GS, BOOLEAN),
  POSIX("so_sndbuf", SOL_SOCKET, SO_SNDBUF, GS, COUNT),
  POSIX("so_sndlowat", SOL_SOCKET, SO_SNDLOWAT, G, COUNT),
  POSIX("so_sndtimeo", SOL_SOCKET, SO_SNDTIMEO, GS, TYPE(timeval)),
  POSIX("so_type", SOL_SOCKET, SO_TYPE, G, NAME(sk_types)),
  LINUX("so_attach_bpf", SOL_SOCKET, SO_ATTACH_BPF, S, COUNT),
  LINUX("so_attach_filter", SOL_SOCKET, SO_ATTACH_FILTER, S, TYPE(filter)),
  LINUX("so_attach_reuseport_cbpf", SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, S,
        TYPE(filter)),
  LINUX("so_attach_reuseport_ebpf", SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, S,
        COUNT),
  LINUX("so_bindtodevice", SOL_SOCKET, SO_BINDTODEVICE, GS, TEXT(16)),
  LINUX("so_bindtoifindex", SOL_SOCKET, SO_BINDTOIFINDEX, GS,
        TYPE(interface)),
  LINUX("so_bpf_extensions", SOL_SOCKET, SO_BPF_EXTENSIONS, G, COUNT),
  LINUX("so_buf_lock", SOL_SOCKET, SO_BUF_LOCK, GS, FLAGS(buflocks)),
  LINUX("so_busy_poll", SOL_SOCKET, SO_BUSY_POLL, GS, SECONDS(1000000)),
  LINUX("so_busy_poll_budget", SOL_SOCKET, SO_BUSY_POLL_BUDGET, S, COUNT),
  LINUX("so_cnx_advice", SOL_SOCKET, SO_CNX_ADVICE, S, COUNT),
  LINUX("so_cookie", SOL_SOCKET, SO_COOKIE, G, INT64),
  LINUX("so_detach_filter", SOL_SOCKET, SO_DETACH_FILTER, S, TYPE(command)),
  LINUX("so_detach_reuseport_bpf", SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, S,
        TYPE(command)),
  LINUX("so_domain", SOL_SOCKET, SO_DOMAIN, G, NAME(sk_families)),
  LINUX("so_incoming_cpu", SOL_SOCKET, SO_INCOMING_CPU, GS,
        INT(-1, INT_MAX)),
  LINUX("so_incoming_napi_id", SOL_SOCKET, SO_INCOMING_NAPI_ID, G, UNSIGNED),
  LINUX("so_lock_filter", SOL_SOCKET, SO_LOCK_FILTER, GS, BOOLEAN),
  LINUX("so_mark", SOL_SOCKET, SO_MARK, GS, UNSIGNED),
  LINUX("so_max_pacing_rate", SOL_SOCKET, SO_MAX_PACING_RATE, GS,
        TYPE(rate)),
  LINUX("so_meminfo", SOL_SOCKET, SO_MEMINFO, G, TYPE(meminfo)),
  LINUX("so_netns_cookie", SOL_SOCKET, SO_NETNS_COOKIE, G, INT64),
  LINUX("so_no_check", SOL_SOCKET, SO_NO_CHECK, GS, BOOLEAN),
  LINUX("so_nofcs", SOL_SOCKET, SO_NOFCS, GS, BOOLEAN),
  LINUX("so_passcred", SOL_SOCKET, SO_PASSCRED, GS, BOOLEAN),
  LINUX("so_passpidfd", SOL_SOCKET, SO_PASSPIDFD, GS, BOOLEAN),
  LINUX("so_passrights", SOL_SOCKET, SO_PASSRIGHTS, GS, BOOLEAN),
  LINUX("so_passsec", SOL_SOCKET, SO_PASSSEC, GS, BOOLEAN),
  LINUX("so_peek_off", SOL_SOCKET, SO_PEEK_OFF, GS, INT(-1, INT_MAX)),
  LINUX("so_peercred", SOL_SOCKET, SO_PEERCRED, G, TYPE(credentials)),
  LINUX("so_peergroups", SOL_SOCKET, SO_PEERGROUPS, G, MANY(groups)),
  LINUX("so_peerpidfd", SOL_SOCKET, SO_PEERPIDFD, G, TYPE(descriptor)),
  LINUX("so_peersec", SOL_SOCKET, SO_PEERSEC, G, TEXT(1024)),
  LINUX("so_prefer_busy_poll", SOL_SOCKET, SO_PREFER_BUSY_POLL, GS, BOOLEAN),
  LINUX("so_priority", SOL_SOCKET, SO_PRIORITY, GS, COUNT),
  LINUX("so_protocol", SOL_SOCKET, SO_PROTOCOL, G, TYPE(protocol)),
  LINUX("so_rcvbufforce", SOL_SOCKET, SO_RCVBUFFORCE, S, COUNT),
  LINUX("so_rcvmark", SOL_SOCKET, SO_RCVMARK, GS, BOOLEAN),
  LINUX("so_rcvpriority", SOL_SOCKET, SO_RCVPRIORITY, GS, BOOLEAN),
  LINUX("so_reserve_mem", SOL_SOCKET, SO_RESERVE_MEM, GS, COUNT),
  LINUX("so_rxq_ovfl", SOL_SOCKET, SO_RXQ_OVFL, GS, BOOLEAN),
  LINUX("so_select_err_queue", SOL_SOCKET, SO_SELECT_ERR_QUEUE, GS, BOOLEAN),
  LINUX("so_sndbufforce", SOL_SOCKET, SO_SNDBUFFORCE, S, COUNT),
  LINUX("so_timestamp", SOL_SOCKET, SO_TIMESTAMP, GS, BOOLEAN),
  LINUX("so_timestamping", SOL_SOCKET, SO_TIMESTAMPING, GS, FLAGS(stamping)),
  LINUX("so_timestampns", SOL_SOCKET, SO_TIMESTAMPNS, GS, BOOLEAN),
  LINUX("so_txrehash", SOL_SOCKET, SO_TXREHASH, GS, INT(-1, 1)),
  LINUX("so_txtime", SOL_SOCKET, SO_TXTIME, GS, TYPE(txtime)),
  LINUX("so_wifi_status", SOL_SOCKET, SO_WIFI_STATUS, GS, BOOLEAN),

  /* tcp(7) */
  POSIX("tcp_maxseg", IPPROTO_TCP, TCP_MAXSEG, GS, COUNT),
  POSIX("tcp_nodelay", IPPROTO_TCP, TCP_NODELAY, GS, BOOLEAN),
  LINUX("tcp_cc_info", IPPROTO_TCP, TCP_CC_INFO, G, BYTES(64)),
  LINUX("tcp_congestion", IPPROTO_TCP, TCP_CONGESTION, GS, TEXT(16)),
  LINUX("tcp_cork", IPPROTO_TCP, TCP_CORK, GS, BOOLEAN),
  LINUX("tcp_defer_accept", IPPROTO_TCP, TCP_DEFER_ACCEPT, GS, SECONDS(1)),
  LINUX("tcp_delack_max_us", IPPROTO_TCP, TCP_DELACK_MAX_US, GS,
        SECONDS(1000000)),
  LINUX("tcp_fastopen", IPPROTO_TCP, TCP_FASTOPEN, GS, COUNT),
  LINUX("tcp_fastopen_connect", IPPROTO_TCP, TCP_FASTOPEN_CONNECT, GS,
        BOOLEAN),
  LINUX("tcp_fastopen_key", IPPROTO_TCP, TCP_FASTOPEN_KEY, GS, BYTES(32)),
  LINUX("tcp_fastopen_no_cookie", IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, GS,
        BOOLEAN),
  LINUX("tcp_info", IPPROTO_TCP, TCP_INFO, G, TYPE(tcpinfo)),
  LINUX("tcp_inq", IPPROTO_TCP, TCP_INQ, GS, BOOLEAN),
  LINUX("tcp_is_mptcp", IPPROTO_TCP, TCP_IS_MPTCP, G, BOOLEAN),
  LINUX("tcp_keepcnt", IPPROTO_TCP, TCP_KEEPCNT, GS, COUNT),
  LINUX("tcp_keepidle", IPPROTO_TCP, TCP_KEEPIDLE, GS, SECONDS(1)),
  LINUX("tcp_keepintvl", IPPROTO_TCP, TCP_KEEPINTVL, GS, SECONDS(1)),
  LINUX("tcp_linger2", IPPROTO_TCP, TCP_LINGER2, GS, TYPE(linger2)),
  LINUX("tcp_md5sig", IPPROTO_TCP, TCP_MD5SIG, S,
        OTHER(md5sig, TCP_MD5SIG_EXT)),
  LINUX("tcp_notsent_lowat", IPPROTO_TCP, TCP_NOTSENT_LOWAT, GS, UNSIGNED),
  LINUX("tcp_quickack", IPPROTO_TCP, TCP_QUICKACK, GS, BOOLEAN),
  LINUX("tcp_rto_max_ms", IPPROTO_TCP, TCP_RTO_MAX_MS, GS, SECONDS(1000)),
  LINUX("tcp_rto_min_us", IPPROTO_TCP, TCP_RTO_MIN_US, GS, SECONDS(1000000)),
  LINUX("tcp_save_syn", IPPROTO_TCP, TCP_SAVE_SYN, GS, INT(0, 2)),
  LINUX("tcp_saved_syn", IPPROTO_TCP, TCP_SAVED_SYN, G, BYTES(1024)),
  LINUX("tcp_syncnt", IPPROTO_TCP, TCP_SYNCNT, GS, COUNT),
  LINUX("tcp_thin_dupack", IPPROTO_TCP, TCP_THIN_DUPACK, GS, BOOLEAN),
  LINUX("tcp_thin_linear_timeouts", IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS,
        GS, BOOLEAN),
  LINUX("tcp_timestamp", IPPROTO_TCP, TCP_TIMESTAMP, GS, UNSIGNED),
  LINUX("tcp_tx_delay", IPPROTO_TCP, TCP_TX_DELAY, GS, SECONDS(1000000)),
  LINUX("tcp_ulp", IPPROTO_TCP, TCP_ULP, GS, TEXT(16)),
  LINUX("tcp_user_timeout", IPPROTO_TCP, TCP_USER_TIMEOUT, GS,
        SECONDS(1000)),
  LINUX("tcp_window_clamp", IPPROTO_TCP, TCP_WINDOW_CLAMP, GS, COUNT),

  /* udp(7) */
  LINUX("udp_cork", IPPROTO_UDP, UDP_CORK, GS, BOOLEAN),
  LINUX("udp_encap", IPPROTO_UDP, UDP_ENCAP, GS, NAME(encapsulations)),
  LINUX("udp_gro", IPPROTO_UDP, UDP_GRO, GS, BOOLEAN),
  LINUX("udp_no_check6_rx", IPPROTO_UDP, UDP_NO_CHECK6_RX, GS, BOOLEAN),
  LINUX("udp_no_check6_tx", IPPROTO_UDP, UDP_NO_CHECK6_TX, GS, BOOLEAN),
  LINUX("udp_segment", IPPROTO_UDP, UDP_SEGMENT, GS, INT(0, UINT16_MAX)),

  /* ip(7), raw(7), icmp(7) */
  POSIX("ip_add_membership", IPPROTO_IP, IP_ADD_MEMBERSHIP, S,
        TYPE(membership4)),
  POSIX("ip_drop_membership", IPPROTO_IP, IP_DROP_MEMBERSHIP, S,
        TYPE(membership4)),
  POSIX("ip_hdrincl", IPPROTO_IP, IP_HDRINCL, GS, BOOLEAN),
  POSIX("ip_multicast_if", IPPROTO_IP, IP_MULTICAST_IF, GS,
        TYPE(interface4)),
  POSIX("ip_multicast_loop", IPPROTO_IP, IP_MULTICAST_LOOP, GS, BOOLEAN),
  POSIX("ip_multicast_ttl", IPPROTO_IP, IP_MULTICAST_TTL, GS, INT(-1, 255)),
  POSIX("ip_options", IPPROTO_IP, IP_OPTIONS, GS, BYTES(40)),
  POSIX("ip_tos", IPPROTO_IP, IP_TOS, GS, INT(0, 255)),
  POSIX("ip_ttl", IPPROTO_IP, IP_TTL, GS, INT(-1, 255)),
  POSIX("ip_add_source_membership", IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, S,
        OTHER(source4, MCAST_JOIN_SOURCE_GROUP)),
  POSIX("ip_block_source", IPPROTO_IP, IP_BLOCK_SOURCE, S,
        OTHER(source4, MCAST_BLOCK_SOURCE)),
  POSIX("ip_drop_source_membership", IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP,
        S, OTHER(source4, MCAST_LEAVE_SOURCE_GROUP)),
  POSIX("ip_unblock_source", IPPROTO_IP, IP_UNBLOCK_SOURCE, S,
        OTHER(source4, MCAST_UNBLOCK_SOURCE)),
  LINUX("ip_bind_address_no_port", IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, GS,
        BOOLEAN),
  LINUX("ip_checksum", IPPROTO_IP, IP_CHECKSUM, GS, BOOLEAN),
  LINUX("ip_freebind", IPPROTO_IP, IP_FREEBIND, GS, BOOLEAN),
  LINUX("ip_local_port_range", IPPROTO_IP, IP_LOCAL_PORT_RANGE, GS,
        TYPE(portrange)),
  LINUX("ip_minttl", IPPROTO_IP, IP_MINTTL, GS, INT(0, 255)),
  LINUX("ip_mtu", IPPROTO_IP, IP_MTU, G, COUNT),
  LINUX("ip_mtu_discover", IPPROTO_IP, IP_MTU_DISCOVER, GS,
        NAME(discovery)),
  LINUX("ip_multicast_all", IPPROTO_IP, IP_MULTICAST_ALL, GS, BOOLEAN),
  LINUX("ip_nodefrag", IPPROTO_IP, IP_NODEFRAG, GS, BOOLEAN),
  LINUX("ip_passsec", IPPROTO_IP, IP_PASSSEC, GS, BOOLEAN),
  LINUX("ip_pktinfo", IPPROTO_IP, IP_PKTINFO, GS, BOOLEAN),
  LINUX("ip_protocol", IPPROTO_IP, IP_PROTOCOL, G, COUNT),
  LINUX("ip_recverr", IPPROTO_IP, IP_RECVERR, GS, BOOLEAN),
  LINUX("ip_recverr_rfc4884", IPPROTO_IP, IP_RECVERR_RFC4884, GS, BOOLEAN),
  LINUX("ip_recvfragsize", IPPROTO_IP, IP_RECVFRAGSIZE, GS, BOOLEAN),
  LINUX("ip_recvopts", IPPROTO_IP, IP_RECVOPTS, GS, BOOLEAN),
  LINUX("ip_recvorigdstaddr", IPPROTO_IP, IP_RECVORIGDSTADDR, GS, BOOLEAN),
  LINUX("ip_recvtos", IPPROTO_IP, IP_RECVTOS, GS, BOOLEAN),
  LINUX("ip_recvttl", IPPROTO_IP, IP_RECVTTL, GS, BOOLEAN),
  LINUX("ip_retopts", IPPROTO_IP, IP_RETOPTS, GS, BOOLEAN),
  LINUX("ip_router_alert", IPPROTO_IP, IP_ROUTER_ALERT, GS, BOOLEAN),
  LINUX("ip_transparent", IPPROTO_IP, IP_TRANSPARENT, GS, BOOLEAN),
  LINUX("ip_unicast_if", IPPROTO_IP, IP_UNICAST_IF, GS, BIGENDIAN),
  LINUX("icmp_filter", SOL_RAW, SK_ICMP_FILTER, GS, UNSIGNED),

  /* ipv6(7), RFC 3493, RFC 3542 */
  POSIX("ipv6_join_group", IPPROTO_IPV6, IPV6_JOIN_GROUP, S,
        TYPE(membership6)),
  POSIX("ipv6_leave_group", IPPROTO_IPV6, IPV6_LEAVE_GROUP, S,
        TYPE(membership6)),
  POSIX("ipv6_multicast_hops", IPPROTO_IPV6, IPV6_MULTICAST_HOPS, GS,
        INT(-1, 255)),
  POSIX("ipv6_multicast_if", IPPROTO_IPV6, IPV6_MULTICAST_IF, GS,
        TYPE(interface)),
  POSIX("ipv6_multicast_loop", IPPROTO_IPV6, IPV6_MULTICAST_LOOP, GS,
        BOOLEAN),
  POSIX("ipv6_unicast_hops", IPPROTO_IPV6, IPV6_UNICAST_HOPS, GS,
        INT(-1, 255)),
  POSIX("ipv6_v6only", IPPROTO_IPV6, IPV6_V6ONLY, GS, BOOLEAN),
  LINUX("ipv6_add_membership", IPPROTO_IPV6, IPV6_JOIN_GROUP, S,
        TYPE(membership6)),
  LINUX("ipv6_drop_membership", IPPROTO_IPV6, IPV6_LEAVE_GROUP, S,
        TYPE(membership6)),
  LINUX("ipv6_addr_preferences", IPPROTO_IPV6, IPV6_ADDR_PREFERENCES, GS,
        FLAGS(preferences)),
  LINUX("ipv6_addrform", IPPROTO_IPV6, IPV6_ADDRFORM, S, NAME(sk_families)),
  LINUX("ipv6_autoflowlabel", IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, GS, BOOLEAN),
  LINUX("ipv6_checksum", IPPROTO_IPV6, IPV6_CHECKSUM, GS, INT(-1, INT_MAX)),
  LINUX("ipv6_dontfrag", IPPROTO_IPV6, IPV6_DONTFRAG, GS, BOOLEAN),
  LINUX("ipv6_dstopts", IPPROTO_IPV6, IPV6_DSTOPTS, GS, BYTES(2048)),
  LINUX("ipv6_flowinfo", IPPROTO_IPV6, IPV6_FLOWINFO, GS, BOOLEAN),
  LINUX("ipv6_flowinfo_send", IPPROTO_IPV6, IPV6_FLOWINFO_SEND, GS, BOOLEAN),
  LINUX("ipv6_freebind", IPPROTO_IPV6, IPV6_FREEBIND, GS, BOOLEAN),
  LINUX("ipv6_hdrincl", IPPROTO_IPV6, IPV6_HDRINCL, GS, BOOLEAN),
  LINUX("ipv6_hopopts", IPPROTO_IPV6, IPV6_HOPOPTS, GS, BYTES(2048)),
  LINUX("ipv6_join_anycast", IPPROTO_IPV6, IPV6_JOIN_ANYCAST, S,
        TYPE(membership6)),
  LINUX("ipv6_leave_anycast", IPPROTO_IPV6, IPV6_LEAVE_ANYCAST, S,
        TYPE(membership6)),
  LINUX("ipv6_minhopcount", IPPROTO_IPV6, IPV6_MINHOPCOUNT, GS, INT(0, 255)),
  LINUX("ipv6_mtu", IPPROTO_IPV6, IPV6_MTU, GS, COUNT),
  LINUX("ipv6_mtu_discover", IPPROTO_IPV6, IPV6_MTU_DISCOVER, GS,
        NAME(discovery)),
  LINUX("ipv6_multicast_all", IPPROTO_IPV6, IPV6_MULTICAST_ALL, GS, BOOLEAN),
  LINUX("ipv6_pathmtu", IPPROTO_IPV6, IPV6_PATHMTU, G, TYPE(pathmtu)),
  LINUX("ipv6_recvdstopts", IPPROTO_IPV6, IPV6_RECVDSTOPTS, GS, BOOLEAN),
  LINUX("ipv6_recverr", IPPROTO_IPV6, IPV6_RECVERR, GS, BOOLEAN),
  LINUX("ipv6_recverr_rfc4884", IPPROTO_IPV6, IPV6_RECVERR_RFC4884, GS,
        BOOLEAN),
  LINUX("ipv6_recvfragsize", IPPROTO_IPV6, IPV6_RECVFRAGSIZE, GS, BOOLEAN),
  LINUX("ipv6_recvhoplimit", IPPROTO_IPV6, IPV6_RECVHOPLIMIT, GS, BOOLEAN),
  LINUX("ipv6_recvhopopts", IPPROTO_IPV6, IPV6_RECVHOPOPTS, GS, BOOLEAN),
  LINUX("ipv6_recvorigdstaddr", IPPROTO_IPV6, IPV6_ORIGDSTADDR, GS, BOOLEAN),
  LINUX("ipv6_recvpathmtu", IPPROTO_IPV6, IPV6_RECVPATHMTU, GS, BOOLEAN),
  LINUX("ipv6_recvpktinfo", IPPROTO_IPV6, IPV6_RECVPKTINFO, GS, BOOLEAN),
  LINUX("ipv6_recvrthdr", IPPROTO_IPV6, IPV6_RECVRTHDR, GS, BOOLEAN),
  LINUX("ipv6_recvtclass", IPPROTO_IPV6, IPV6_RECVTCLASS, GS, BOOLEAN),
  LINUX("ipv6_router_alert", IPPROTO_IPV6, IPV6_ROUTER_ALERT, S,
        INT(-1, INT_MAX)),
  LINUX("ipv6_router_alert_isolate", IPPROTO_IPV6, IPV6_ROUTER_ALERT_ISOLATE,
        GS, BOOLEAN),
  LINUX("ipv6_rthdr", IPPROTO_IPV6, IPV6_RTHDR, GS, BYTES(2048)),
  LINUX("ipv6_rthdrdstopts", IPPROTO_IPV6, IPV6_RTHDRDSTOPTS, GS,
        BYTES(2048)),
  LINUX("ipv6_tclass", IPPROTO_IPV6, IPV6_TCLASS, GS, INT(-1, 255)),
  LINUX("ipv6_transparent", IPPROTO_IPV6, IPV6_TRANSPARENT, GS, BOOLEAN),
  LINUX("ipv6_unicast_if", IPPROTO_IPV6, IPV6_UNICAST_IF, GS, BIGENDIAN),
  LINUX("icmp6_filter", IPPROTO_ICMPV6, SK_ICMP6_FILTER, GS, BYTES(32)),

  /* RFC 3678 */
  POSIX("mcast_block_source", IPPROTO_IP, MCAST_BLOCK_SOURCE, S,
        TYPE(source)),
  POSIX("mcast_join_group", IPPROTO_IP, MCAST_JOIN_GROUP, S,
        TYPE(membership)),
  POSIX("mcast_join_source_group", IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, S,
        TYPE(source)),
  POSIX("mcast_leave_group", IPPROTO_IP, MCAST_LEAVE_GROUP, S,
        TYPE(membership)),
  POSIX("mcast_leave_source_group", IPPROTO_IP, MCAST_LEAVE_SOURCE_GROUP, S,
        TYPE(source)),
  POSIX("mcast_unblock_source", IPPROTO_IP, MCAST_UNBLOCK_SOURCE, S,
        TYPE(source)),

  /* packet(7) */
  LINUX("packet_add_membership", SOL_PACKET, PACKET_ADD_MEMBERSHIP, S,
        TYPE(packetmembership)),
  LINUX("packet_auxdata", SOL_PACKET, PACKET_AUXDATA, GS, BOOLEAN),
  LINUX("packet_copy_thresh", SOL_PACKET, PACKET_COPY_THRESH, S, COUNT),
  LINUX("packet_drop_membership", SOL_PACKET, PACKET_DROP_MEMBERSHIP, S,
        TYPE(packetmembership)),
  LINUX("packet_fanout", SOL_PACKET, PACKET_FANOUT, GS, UNSIGNED),
  LINUX("packet_ignore_outgoing", SOL_PACKET, PACKET_IGNORE_OUTGOING, GS,
        BOOLEAN),
  LINUX("packet_loss", SOL_PACKET, PACKET_LOSS, GS, BOOLEAN),
  LINUX("packet_origdev", SOL_PACKET, PACKET_ORIGDEV, GS, BOOLEAN),
  LINUX("packet_qdisc_bypass", SOL_PACKET, PACKET_QDISC_BYPASS, GS, BOOLEAN),
  LINUX("packet_reserve", SOL_PACKET, PACKET_RESERVE, GS, COUNT),
  LINUX("packet_statistics", SOL_PACKET, PACKET_STATISTICS, G,
        TYPE(statistics)),
  LINUX("packet_timestamp", SOL_PACKET, PACKET_TIMESTAMP, GS,
        FLAGS(stamping)),
  LINUX("packet_version", SOL_PACKET, PACKET_VERSION, GS, NAME(tpversions)),
  LINUX("packet_vnet_hdr", SOL_PACKET, PACKET_VNET_HDR, GS, BOOLEAN),

  /* netlink(7) */
  LINUX("netlink_add_membership", SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, S,
        INT(1, INT_MAX)),
  LINUX("netlink_broadcast_error", SOL_NETLINK, NETLINK_BROADCAST_ERROR, GS,
        BOOLEAN),
  LINUX("netlink_cap_ack", SOL_NETLINK, NETLINK_CAP_ACK, GS, BOOLEAN),
  LINUX("netlink_drop_membership", SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, S,
        INT(1, INT_MAX)),
  LINUX("netlink_ext_ack", SOL_NETLINK, NETLINK_EXT_ACK, GS, BOOLEAN),
  LINUX("netlink_get_strict_chk", SOL_NETLINK, NETLINK_GET_STRICT_CHK, GS,
        BOOLEAN),
  LINUX("netlink_list_memberships", SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, G,
        MANY(bitmap)),
  LINUX("netlink_listen_all_nsid", SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, GS,
        BOOLEAN),
  LINUX("netlink_no_enobufs", SOL_NETLINK, NETLINK_NO_ENOBUFS, GS, BOOLEAN),
  LINUX("netlink_pktinfo", SOL_NETLINK, NETLINK_PKTINFO, GS, BOOLEAN),

  /* vsock(7) */
  LINUX("so_vm_sockets_buffer_max_size", AF_VSOCK,
        SO_VM_SOCKETS_BUFFER_MAX_SIZE, GS, SIZE64),
  LINUX("so_vm_sockets_buffer_min_size", AF_VSOCK,
        SO_VM_SOCKETS_BUFFER_MIN_SIZE, GS, SIZE64),
  LINUX("so_vm_sockets_buffer_size", AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, GS,
        SIZE64),
  LINUX("so_vm_sockets_connect_timeout", AF_VSOCK,
        SO_VM_SOCKETS_CONNECT_TIMEOUT, GS, TYPE(timeval)),
  {NULL, 0, 0, 0, NULL, 0, 0, NULL}
};
