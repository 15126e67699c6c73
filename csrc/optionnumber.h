/*
** optionnumber.h: numbers of options that the C library's headers may be too
** old to know.
**
** They are the kernel's interface and never change, so a module built here
** can use an option as soon as the kernel has it.
*/

#ifndef sockeye_optionnumber_h
#define sockeye_optionnumber_h

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "sys.h"

/* The number of an option that this system does not have. */
#define SK_ABSENT (-1)

#if SK_LINUX

#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <netinet/udp.h>
#include <linux/vm_sockets.h>

/* Alpha, MIPS, PA-RISC and SPARC number the SOL_SOCKET options their own way;
** SO_REUSEADDR is 4 there. */
#if SO_REUSEADDR == 2
#define SK_NUMBER(generic) generic
#else
#define SK_NUMBER(generic) SK_ABSENT
#endif

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE SK_NUMBER(71)
#endif
#ifndef SO_BUF_LOCK
#define SO_BUF_LOCK SK_NUMBER(72)
#endif
#ifndef SO_RESERVE_MEM
#define SO_RESERVE_MEM SK_NUMBER(73)
#endif
#ifndef SO_TXREHASH
#define SO_TXREHASH SK_NUMBER(74)
#endif
#ifndef SO_RCVMARK
#define SO_RCVMARK SK_NUMBER(75)
#endif
#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD SK_NUMBER(76)
#endif
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD SK_NUMBER(77)
#endif
#ifndef SO_RCVPRIORITY
#define SO_RCVPRIORITY SK_NUMBER(82)
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS SK_NUMBER(83)
#endif
#ifndef SO_PREFER_BUSY_POLL
#define SO_PREFER_BUSY_POLL SK_NUMBER(69)
#endif
#ifndef SO_BUSY_POLL_BUDGET
#define SO_BUSY_POLL_BUDGET SK_NUMBER(70)
#endif
#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX SK_NUMBER(62)
#endif
#ifndef SO_DETACH_REUSEPORT_BPF
#define SO_DETACH_REUSEPORT_BPF SK_NUMBER(68)
#endif

#ifndef TCP_TX_DELAY
#define TCP_TX_DELAY 37
#endif
#ifndef TCP_IS_MPTCP
#define TCP_IS_MPTCP 43
#endif
#ifndef TCP_RTO_MAX_MS
#define TCP_RTO_MAX_MS 44
#endif
#ifndef TCP_RTO_MIN_US
#define TCP_RTO_MIN_US 45
#endif
#ifndef TCP_DELACK_MAX_US
#define TCP_DELACK_MAX_US 46
#endif

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#ifndef IP_RECVERR_RFC4884
#define IP_RECVERR_RFC4884 26
#endif
#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif
#ifndef IP_PROTOCOL
#define IP_PROTOCOL 52
#endif

#ifndef IPV6_FLOWINFO
#define IPV6_FLOWINFO 11
#endif
#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif
#ifndef IPV6_ROUTER_ALERT_ISOLATE
#define IPV6_ROUTER_ALERT_ISOLATE 30
#endif
#ifndef IPV6_RECVERR_RFC4884
#define IPV6_RECVERR_RFC4884 31
#endif
#ifndef IPV6_FLOWINFO_SEND
#define IPV6_FLOWINFO_SEND 33
#endif
#ifndef IPV6_ORIGDSTADDR
#define IPV6_ORIGDSTADDR 74
#endif
#ifndef IPV6_RECVFRAGSIZE
#define IPV6_RECVFRAGSIZE 77
#endif
#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif

/* <linux/icmp.h> and <netinet/icmp6.h> bring more names than these two. */
#define SK_ICMP_FILTER 1
#define SK_ICMP6_FILTER 1

#endif

#endif
