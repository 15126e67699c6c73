---@meta sockeye.core
-- Annotations of sockeye.core for the Lua language server: declarations, never
-- run.  The reference stands beside the code (make docs).

---The system's constants; nil where the system lacks one.
---@class sockeye.core
---@field AF_ALG? integer
---@field AF_APPLETALK? integer
---@field AF_AX25? integer
---@field AF_BLUETOOTH? integer
---@field AF_CAN? integer
---@field AF_IEEE802154? integer
---@field AF_INET? integer
---@field AF_INET6? integer
---@field AF_IPX? integer
---@field AF_KCM? integer
---@field AF_KEY? integer
---@field AF_LLC? integer
---@field AF_MCTP? integer
---@field AF_NETLINK? integer
---@field AF_NFC? integer
---@field AF_PACKET? integer
---@field AF_PHONET? integer
---@field AF_PPPOX? integer
---@field AF_QIPCRTR? integer
---@field AF_RDS? integer
---@field AF_RXRPC? integer
---@field AF_SMC? integer
---@field AF_TIPC? integer
---@field AF_UNIX? integer
---@field AF_UNSPEC? integer
---@field AF_VSOCK? integer
---@field AF_X25? integer
---@field AF_XDP? integer
---@field AI_ADDRCONFIG? integer
---@field AI_ALL? integer
---@field AI_CANONIDN? integer
---@field AI_CANONNAME? integer
---@field AI_IDN? integer
---@field AI_NUMERICHOST? integer
---@field AI_NUMERICSERV? integer
---@field AI_PASSIVE? integer
---@field AI_V4MAPPED? integer
---@field ETH_P_1588? integer
---@field ETH_P_8021AD? integer
---@field ETH_P_8021Q? integer
---@field ETH_P_802_2? integer
---@field ETH_P_802_3? integer
---@field ETH_P_ALL? integer
---@field ETH_P_AOE? integer
---@field ETH_P_ARP? integer
---@field ETH_P_CAN? integer
---@field ETH_P_FCOE? integer
---@field ETH_P_IP? integer
---@field ETH_P_IPV6? integer
---@field ETH_P_IPX? integer
---@field ETH_P_LLDP? integer
---@field ETH_P_LOOP? integer
---@field ETH_P_MPLS_MC? integer
---@field ETH_P_MPLS_UC? integer
---@field ETH_P_PAE? integer
---@field ETH_P_PPP_DISC? integer
---@field ETH_P_PPP_SES? integer
---@field ETH_P_RARP? integer
---@field ETH_P_SNAP? integer
---@field ETH_P_TIPC? integer
---@field FIOASYNC? integer
---@field FIOCLEX? integer
---@field FIOGETOWN? integer
---@field FIONBIO? integer
---@field FIONCLEX? integer
---@field FIONREAD? integer
---@field FIOSETOWN? integer
---@field ICMP6_FILTER? integer
---@field IFA_ADDRESS? integer
---@field IFA_ANYCAST? integer
---@field IFA_BROADCAST? integer
---@field IFA_CACHEINFO? integer
---@field IFA_FLAGS? integer
---@field IFA_LABEL? integer
---@field IFA_LOCAL? integer
---@field IFA_MULTICAST? integer
---@field IFF_ALLMULTI? integer
---@field IFF_AUTOMEDIA? integer
---@field IFF_BROADCAST? integer
---@field IFF_DEBUG? integer
---@field IFF_DYNAMIC? integer
---@field IFF_LOOPBACK? integer
---@field IFF_MASTER? integer
---@field IFF_MULTICAST? integer
---@field IFF_NOARP? integer
---@field IFF_NOTRAILERS? integer
---@field IFF_POINTOPOINT? integer
---@field IFF_PORTSEL? integer
---@field IFF_PROMISC? integer
---@field IFF_RUNNING? integer
---@field IFF_SLAVE? integer
---@field IFF_UP? integer
---@field IFLA_ADDRESS? integer
---@field IFLA_BROADCAST? integer
---@field IFLA_IFALIAS? integer
---@field IFLA_IFNAME? integer
---@field IFLA_LINK? integer
---@field IFLA_LINKINFO? integer
---@field IFLA_MASTER? integer
---@field IFLA_MTU? integer
---@field IFLA_OPERSTATE? integer
---@field IFLA_QDISC? integer
---@field IFLA_STATS? integer
---@field IFLA_STATS64? integer
---@field IFLA_TXQLEN? integer
---@field INADDR_ANY? integer
---@field INADDR_BROADCAST? integer
---@field INADDR_LOOPBACK? integer
---@field INADDR_NONE? integer
---@field IPPROTO_AH? integer
---@field IPPROTO_COMP? integer
---@field IPPROTO_DCCP? integer
---@field IPPROTO_DSTOPTS? integer
---@field IPPROTO_EGP? integer
---@field IPPROTO_ESP? integer
---@field IPPROTO_ETHERNET? integer
---@field IPPROTO_FRAGMENT? integer
---@field IPPROTO_GRE? integer
---@field IPPROTO_HOPOPTS? integer
---@field IPPROTO_ICMP? integer
---@field IPPROTO_ICMPV6? integer
---@field IPPROTO_IGMP? integer
---@field IPPROTO_IP? integer
---@field IPPROTO_IPIP? integer
---@field IPPROTO_IPV6? integer
---@field IPPROTO_MH? integer
---@field IPPROTO_MPLS? integer
---@field IPPROTO_MPTCP? integer
---@field IPPROTO_NONE? integer
---@field IPPROTO_PIM? integer
---@field IPPROTO_PUP? integer
---@field IPPROTO_RAW? integer
---@field IPPROTO_ROUTING? integer
---@field IPPROTO_RSVP? integer
---@field IPPROTO_SCTP? integer
---@field IPPROTO_TCP? integer
---@field IPPROTO_UDP? integer
---@field IPPROTO_UDPLITE? integer
---@field IPV6_ADDRFORM? integer
---@field IPV6_ADDR_PREFERENCES? integer
---@field IPV6_ADD_MEMBERSHIP? integer
---@field IPV6_AUTOFLOWLABEL? integer
---@field IPV6_CHECKSUM? integer
---@field IPV6_DONTFRAG? integer
---@field IPV6_DROP_MEMBERSHIP? integer
---@field IPV6_DSTOPTS? integer
---@field IPV6_FREEBIND? integer
---@field IPV6_HDRINCL? integer
---@field IPV6_HOPLIMIT? integer
---@field IPV6_HOPOPTS? integer
---@field IPV6_JOIN_ANYCAST? integer
---@field IPV6_JOIN_GROUP? integer
---@field IPV6_LEAVE_ANYCAST? integer
---@field IPV6_LEAVE_GROUP? integer
---@field IPV6_MINHOPCOUNT? integer
---@field IPV6_MTU? integer
---@field IPV6_MTU_DISCOVER? integer
---@field IPV6_MULTICAST_ALL? integer
---@field IPV6_MULTICAST_HOPS? integer
---@field IPV6_MULTICAST_IF? integer
---@field IPV6_MULTICAST_LOOP? integer
---@field IPV6_NEXTHOP? integer
---@field IPV6_ORIGDSTADDR? integer
---@field IPV6_PATHMTU? integer
---@field IPV6_PKTINFO? integer
---@field IPV6_PMTUDISC_DO? integer
---@field IPV6_PMTUDISC_DONT? integer
---@field IPV6_PMTUDISC_PROBE? integer
---@field IPV6_PMTUDISC_WANT? integer
---@field IPV6_RECVDSTOPTS? integer
---@field IPV6_RECVERR? integer
---@field IPV6_RECVERR_RFC4884? integer
---@field IPV6_RECVFRAGSIZE? integer
---@field IPV6_RECVHOPLIMIT? integer
---@field IPV6_RECVHOPOPTS? integer
---@field IPV6_RECVORIGDSTADDR? integer
---@field IPV6_RECVPATHMTU? integer
---@field IPV6_RECVPKTINFO? integer
---@field IPV6_RECVRTHDR? integer
---@field IPV6_RECVTCLASS? integer
---@field IPV6_ROUTER_ALERT? integer
---@field IPV6_ROUTER_ALERT_ISOLATE? integer
---@field IPV6_RTHDR? integer
---@field IPV6_RTHDRDSTOPTS? integer
---@field IPV6_TCLASS? integer
---@field IPV6_TRANSPARENT? integer
---@field IPV6_UNICAST_HOPS? integer
---@field IPV6_UNICAST_IF? integer
---@field IPV6_V6ONLY? integer
---@field IP_ADD_MEMBERSHIP? integer
---@field IP_ADD_SOURCE_MEMBERSHIP? integer
---@field IP_BIND_ADDRESS_NO_PORT? integer
---@field IP_BLOCK_SOURCE? integer
---@field IP_CHECKSUM? integer
---@field IP_DROP_MEMBERSHIP? integer
---@field IP_DROP_SOURCE_MEMBERSHIP? integer
---@field IP_FREEBIND? integer
---@field IP_HDRINCL? integer
---@field IP_LOCAL_PORT_RANGE? integer
---@field IP_MINTTL? integer
---@field IP_MSFILTER? integer
---@field IP_MTU? integer
---@field IP_MTU_DISCOVER? integer
---@field IP_MULTICAST_ALL? integer
---@field IP_MULTICAST_IF? integer
---@field IP_MULTICAST_LOOP? integer
---@field IP_MULTICAST_TTL? integer
---@field IP_NODEFRAG? integer
---@field IP_OPTIONS? integer
---@field IP_ORIGDSTADDR? integer
---@field IP_PASSSEC? integer
---@field IP_PKTINFO? integer
---@field IP_PKTOPTIONS? integer
---@field IP_PMTUDISC_DO? integer
---@field IP_PMTUDISC_DONT? integer
---@field IP_PMTUDISC_INTERFACE? integer
---@field IP_PMTUDISC_OMIT? integer
---@field IP_PMTUDISC_PROBE? integer
---@field IP_PMTUDISC_WANT? integer
---@field IP_RECVERR? integer
---@field IP_RECVERR_RFC4884? integer
---@field IP_RECVFRAGSIZE? integer
---@field IP_RECVOPTS? integer
---@field IP_RECVORIGDSTADDR? integer
---@field IP_RECVTOS? integer
---@field IP_RECVTTL? integer
---@field IP_RETOPTS? integer
---@field IP_ROUTER_ALERT? integer
---@field IP_TOS? integer
---@field IP_TRANSPARENT? integer
---@field IP_TTL? integer
---@field IP_UNBLOCK_SOURCE? integer
---@field IP_UNICAST_IF? integer
---@field MCAST_BLOCK_SOURCE? integer
---@field MCAST_EXCLUDE? integer
---@field MCAST_INCLUDE? integer
---@field MCAST_JOIN_GROUP? integer
---@field MCAST_JOIN_SOURCE_GROUP? integer
---@field MCAST_LEAVE_GROUP? integer
---@field MCAST_LEAVE_SOURCE_GROUP? integer
---@field MCAST_MSFILTER? integer
---@field MCAST_UNBLOCK_SOURCE? integer
---@field MSG_CMSG_CLOEXEC? integer
---@field MSG_CONFIRM? integer
---@field MSG_CTRUNC? integer
---@field MSG_DONTROUTE? integer
---@field MSG_DONTWAIT? integer
---@field MSG_EOR? integer
---@field MSG_ERRQUEUE? integer
---@field MSG_FASTOPEN? integer
---@field MSG_MORE? integer
---@field MSG_NOSIGNAL? integer
---@field MSG_OOB? integer
---@field MSG_PEEK? integer
---@field MSG_TRUNC? integer
---@field MSG_WAITALL? integer
---@field MSG_WAITFORONE? integer
---@field NETLINK_ADD_MEMBERSHIP? integer
---@field NETLINK_AUDIT? integer
---@field NETLINK_BROADCAST_ERROR? integer
---@field NETLINK_CAP_ACK? integer
---@field NETLINK_CONNECTOR? integer
---@field NETLINK_CRYPTO? integer
---@field NETLINK_DROP_MEMBERSHIP? integer
---@field NETLINK_EXT_ACK? integer
---@field NETLINK_GENERIC? integer
---@field NETLINK_GET_STRICT_CHK? integer
---@field NETLINK_KOBJECT_UEVENT? integer
---@field NETLINK_LISTEN_ALL_NSID? integer
---@field NETLINK_LIST_MEMBERSHIPS? integer
---@field NETLINK_NETFILTER? integer
---@field NETLINK_NO_ENOBUFS? integer
---@field NETLINK_PKTINFO? integer
---@field NETLINK_RDMA? integer
---@field NETLINK_ROUTE? integer
---@field NETLINK_SELINUX? integer
---@field NETLINK_SOCK_DIAG? integer
---@field NETLINK_USERSOCK? integer
---@field NETLINK_XFRM? integer
---@field NI_DGRAM? integer
---@field NI_IDN? integer
---@field NI_NAMEREQD? integer
---@field NI_NOFQDN? integer
---@field NI_NUMERICHOST? integer
---@field NI_NUMERICSERV? integer
---@field NLMSG_DONE? integer
---@field NLMSG_ERROR? integer
---@field NLMSG_MIN_TYPE? integer
---@field NLMSG_NOOP? integer
---@field NLMSG_OVERRUN? integer
---@field NLM_F_ACK? integer
---@field NLM_F_APPEND? integer
---@field NLM_F_ATOMIC? integer
---@field NLM_F_CREATE? integer
---@field NLM_F_DUMP? integer
---@field NLM_F_DUMP_INTR? integer
---@field NLM_F_ECHO? integer
---@field NLM_F_EXCL? integer
---@field NLM_F_MATCH? integer
---@field NLM_F_MULTI? integer
---@field NLM_F_REPLACE? integer
---@field NLM_F_REQUEST? integer
---@field NLM_F_ROOT? integer
---@field PACKET_ADD_MEMBERSHIP? integer
---@field PACKET_AUXDATA? integer
---@field PACKET_BROADCAST? integer
---@field PACKET_COPY_THRESH? integer
---@field PACKET_DROP_MEMBERSHIP? integer
---@field PACKET_FANOUT? integer
---@field PACKET_FANOUT_CPU? integer
---@field PACKET_FANOUT_HASH? integer
---@field PACKET_FANOUT_LB? integer
---@field PACKET_HDRLEN? integer
---@field PACKET_HOST? integer
---@field PACKET_IGNORE_OUTGOING? integer
---@field PACKET_LOSS? integer
---@field PACKET_MR_ALLMULTI? integer
---@field PACKET_MR_MULTICAST? integer
---@field PACKET_MR_PROMISC? integer
---@field PACKET_MR_UNICAST? integer
---@field PACKET_MULTICAST? integer
---@field PACKET_ORIGDEV? integer
---@field PACKET_OTHERHOST? integer
---@field PACKET_OUTGOING? integer
---@field PACKET_QDISC_BYPASS? integer
---@field PACKET_RESERVE? integer
---@field PACKET_RX_RING? integer
---@field PACKET_STATISTICS? integer
---@field PACKET_TIMESTAMP? integer
---@field PACKET_TX_RING? integer
---@field PACKET_TX_TIMESTAMP? integer
---@field PACKET_VERSION? integer
---@field PACKET_VNET_HDR? integer
---@field RTA_CACHEINFO? integer
---@field RTA_DST? integer
---@field RTA_FLOW? integer
---@field RTA_GATEWAY? integer
---@field RTA_IIF? integer
---@field RTA_MARK? integer
---@field RTA_METRICS? integer
---@field RTA_MULTIPATH? integer
---@field RTA_OIF? integer
---@field RTA_PREFSRC? integer
---@field RTA_PRIORITY? integer
---@field RTA_SRC? integer
---@field RTA_TABLE? integer
---@field RTMGRP_IPV4_IFADDR? integer
---@field RTMGRP_IPV4_MROUTE? integer
---@field RTMGRP_IPV4_ROUTE? integer
---@field RTMGRP_IPV4_RULE? integer
---@field RTMGRP_IPV6_IFADDR? integer
---@field RTMGRP_IPV6_IFINFO? integer
---@field RTMGRP_IPV6_MROUTE? integer
---@field RTMGRP_IPV6_PREFIX? integer
---@field RTMGRP_IPV6_ROUTE? integer
---@field RTMGRP_LINK? integer
---@field RTMGRP_NEIGH? integer
---@field RTMGRP_NOTIFY? integer
---@field RTMGRP_TC? integer
---@field RTM_DELADDR? integer
---@field RTM_DELLINK? integer
---@field RTM_DELNEIGH? integer
---@field RTM_DELROUTE? integer
---@field RTM_DELRULE? integer
---@field RTM_GETADDR? integer
---@field RTM_GETLINK? integer
---@field RTM_GETNEIGH? integer
---@field RTM_GETROUTE? integer
---@field RTM_GETRULE? integer
---@field RTM_NEWADDR? integer
---@field RTM_NEWLINK? integer
---@field RTM_NEWNEIGH? integer
---@field RTM_NEWROUTE? integer
---@field RTM_NEWRULE? integer
---@field RTM_SETLINK? integer
---@field RTNLGRP_IPV4_IFADDR? integer
---@field RTNLGRP_IPV4_ROUTE? integer
---@field RTNLGRP_IPV4_RULE? integer
---@field RTNLGRP_IPV6_IFADDR? integer
---@field RTNLGRP_IPV6_ROUTE? integer
---@field RTNLGRP_IPV6_RULE? integer
---@field RTNLGRP_LINK? integer
---@field RTNLGRP_NEIGH? integer
---@field RTN_ANYCAST? integer
---@field RTN_BLACKHOLE? integer
---@field RTN_BROADCAST? integer
---@field RTN_LOCAL? integer
---@field RTN_MULTICAST? integer
---@field RTN_PROHIBIT? integer
---@field RTN_THROW? integer
---@field RTN_UNICAST? integer
---@field RTN_UNREACHABLE? integer
---@field RTN_UNSPEC? integer
---@field RTPROT_BOOT? integer
---@field RTPROT_DHCP? integer
---@field RTPROT_KERNEL? integer
---@field RTPROT_RA? integer
---@field RTPROT_REDIRECT? integer
---@field RTPROT_STATIC? integer
---@field RTPROT_UNSPEC? integer
---@field RT_SCOPE_HOST? integer
---@field RT_SCOPE_LINK? integer
---@field RT_SCOPE_NOWHERE? integer
---@field RT_SCOPE_SITE? integer
---@field RT_SCOPE_UNIVERSE? integer
---@field RT_TABLE_DEFAULT? integer
---@field RT_TABLE_LOCAL? integer
---@field RT_TABLE_MAIN? integer
---@field RT_TABLE_UNSPEC? integer
---@field SCM_CREDENTIALS? integer
---@field SCM_RIGHTS? integer
---@field SCM_TIMESTAMP? integer
---@field SCM_TIMESTAMPING? integer
---@field SCM_TIMESTAMPNS? integer
---@field SHUT_RD? integer
---@field SHUT_RDWR? integer
---@field SHUT_WR? integer
---@field SIOCADDMULTI? integer
---@field SIOCADDRT? integer
---@field SIOCATMARK? integer
---@field SIOCDARP? integer
---@field SIOCDELMULTI? integer
---@field SIOCDELRT? integer
---@field SIOCETHTOOL? integer
---@field SIOCGARP? integer
---@field SIOCGIFADDR? integer
---@field SIOCGIFBRDADDR? integer
---@field SIOCGIFCONF? integer
---@field SIOCGIFDSTADDR? integer
---@field SIOCGIFFLAGS? integer
---@field SIOCGIFHWADDR? integer
---@field SIOCGIFINDEX? integer
---@field SIOCGIFMETRIC? integer
---@field SIOCGIFMTU? integer
---@field SIOCGIFNAME? integer
---@field SIOCGIFNETMASK? integer
---@field SIOCGIFTXQLEN? integer
---@field SIOCGPGRP? integer
---@field SIOCGSKNS? integer
---@field SIOCGSTAMP? integer
---@field SIOCGSTAMPNS? integer
---@field SIOCINQ? integer
---@field SIOCOUTQ? integer
---@field SIOCOUTQNSD? integer
---@field SIOCSARP? integer
---@field SIOCSIFADDR? integer
---@field SIOCSIFBRDADDR? integer
---@field SIOCSIFDSTADDR? integer
---@field SIOCSIFFLAGS? integer
---@field SIOCSIFHWADDR? integer
---@field SIOCSIFMETRIC? integer
---@field SIOCSIFMTU? integer
---@field SIOCSIFNAME? integer
---@field SIOCSIFNETMASK? integer
---@field SIOCSIFTXQLEN? integer
---@field SIOCSPGRP? integer
---@field SOCK_CLOEXEC? integer
---@field SOCK_DCCP? integer
---@field SOCK_DGRAM? integer
---@field SOCK_NONBLOCK? integer
---@field SOCK_RAW? integer
---@field SOCK_RDM? integer
---@field SOCK_SEQPACKET? integer
---@field SOCK_STREAM? integer
---@field SOF_TIMESTAMPING_OPT_CMSG? integer
---@field SOF_TIMESTAMPING_OPT_ID? integer
---@field SOF_TIMESTAMPING_OPT_TSONLY? integer
---@field SOF_TIMESTAMPING_RAW_HARDWARE? integer
---@field SOF_TIMESTAMPING_RX_HARDWARE? integer
---@field SOF_TIMESTAMPING_RX_SOFTWARE? integer
---@field SOF_TIMESTAMPING_SOFTWARE? integer
---@field SOF_TIMESTAMPING_TX_ACK? integer
---@field SOF_TIMESTAMPING_TX_HARDWARE? integer
---@field SOF_TIMESTAMPING_TX_SCHED? integer
---@field SOF_TIMESTAMPING_TX_SOFTWARE? integer
---@field SOL_ALG? integer
---@field SOL_BLUETOOTH? integer
---@field SOL_CAIF? integer
---@field SOL_ICMPV6? integer
---@field SOL_IP? integer
---@field SOL_IPV6? integer
---@field SOL_KCM? integer
---@field SOL_LLC? integer
---@field SOL_MPTCP? integer
---@field SOL_NETLINK? integer
---@field SOL_NFC? integer
---@field SOL_PACKET? integer
---@field SOL_RAW? integer
---@field SOL_RDS? integer
---@field SOL_RXRPC? integer
---@field SOL_SMC? integer
---@field SOL_SOCKET? integer
---@field SOL_TCP? integer
---@field SOL_TIPC? integer
---@field SOL_TLS? integer
---@field SOL_UDP? integer
---@field SOL_VSOCK? integer
---@field SOL_XDP? integer
---@field SOMAXCONN? integer
---@field SO_ACCEPTCONN? integer
---@field SO_ATTACH_BPF? integer
---@field SO_ATTACH_FILTER? integer
---@field SO_ATTACH_REUSEPORT_CBPF? integer
---@field SO_ATTACH_REUSEPORT_EBPF? integer
---@field SO_BINDTODEVICE? integer
---@field SO_BINDTOIFINDEX? integer
---@field SO_BROADCAST? integer
---@field SO_BUF_LOCK? integer
---@field SO_BUSY_POLL? integer
---@field SO_BUSY_POLL_BUDGET? integer
---@field SO_CNX_ADVICE? integer
---@field SO_COOKIE? integer
---@field SO_DEBUG? integer
---@field SO_DETACH_FILTER? integer
---@field SO_DETACH_REUSEPORT_BPF? integer
---@field SO_DOMAIN? integer
---@field SO_DONTROUTE? integer
---@field SO_EE_ORIGIN_ICMP? integer
---@field SO_EE_ORIGIN_ICMP6? integer
---@field SO_EE_ORIGIN_LOCAL? integer
---@field SO_EE_ORIGIN_NONE? integer
---@field SO_EE_ORIGIN_TXSTATUS? integer
---@field SO_ERROR? integer
---@field SO_INCOMING_CPU? integer
---@field SO_INCOMING_NAPI_ID? integer
---@field SO_KEEPALIVE? integer
---@field SO_LINGER? integer
---@field SO_LOCK_FILTER? integer
---@field SO_MARK? integer
---@field SO_MAX_PACING_RATE? integer
---@field SO_MEMINFO? integer
---@field SO_NETNS_COOKIE? integer
---@field SO_NOFCS? integer
---@field SO_NO_CHECK? integer
---@field SO_OOBINLINE? integer
---@field SO_PASSCRED? integer
---@field SO_PASSPIDFD? integer
---@field SO_PASSSEC? integer
---@field SO_PEEK_OFF? integer
---@field SO_PEERCRED? integer
---@field SO_PEERGROUPS? integer
---@field SO_PEERPIDFD? integer
---@field SO_PEERSEC? integer
---@field SO_PREFER_BUSY_POLL? integer
---@field SO_PRIORITY? integer
---@field SO_PROTOCOL? integer
---@field SO_RCVBUF? integer
---@field SO_RCVBUFFORCE? integer
---@field SO_RCVLOWAT? integer
---@field SO_RCVMARK? integer
---@field SO_RCVTIMEO? integer
---@field SO_RESERVE_MEM? integer
---@field SO_REUSEADDR? integer
---@field SO_REUSEPORT? integer
---@field SO_RXQ_OVFL? integer
---@field SO_SELECT_ERR_QUEUE? integer
---@field SO_SNDBUF? integer
---@field SO_SNDBUFFORCE? integer
---@field SO_SNDLOWAT? integer
---@field SO_SNDTIMEO? integer
---@field SO_TIMESTAMP? integer
---@field SO_TIMESTAMPING? integer
---@field SO_TIMESTAMPNS? integer
---@field SO_TXREHASH? integer
---@field SO_TXTIME? integer
---@field SO_TYPE? integer
---@field SO_VM_SOCKETS_BUFFER_MAX_SIZE? integer
---@field SO_VM_SOCKETS_BUFFER_MIN_SIZE? integer
---@field SO_VM_SOCKETS_BUFFER_SIZE? integer
---@field SO_VM_SOCKETS_PEER_HOST_VM_ID? integer
---@field SO_WIFI_STATUS? integer
---@field TCP_CC_INFO? integer
---@field TCP_CLOSE? integer
---@field TCP_CLOSE_WAIT? integer
---@field TCP_CLOSING? integer
---@field TCP_CM_INQ? integer
---@field TCP_CONGESTION? integer
---@field TCP_CORK? integer
---@field TCP_DEFER_ACCEPT? integer
---@field TCP_ESTABLISHED? integer
---@field TCP_FASTOPEN? integer
---@field TCP_FASTOPEN_CONNECT? integer
---@field TCP_FASTOPEN_KEY? integer
---@field TCP_FASTOPEN_NO_COOKIE? integer
---@field TCP_FIN_WAIT1? integer
---@field TCP_FIN_WAIT2? integer
---@field TCP_INFO? integer
---@field TCP_INQ? integer
---@field TCP_KEEPCNT? integer
---@field TCP_KEEPIDLE? integer
---@field TCP_KEEPINTVL? integer
---@field TCP_LAST_ACK? integer
---@field TCP_LINGER2? integer
---@field TCP_LISTEN? integer
---@field TCP_MAXSEG? integer
---@field TCP_MD5SIG? integer
---@field TCP_MD5SIG_EXT? integer
---@field TCP_NODELAY? integer
---@field TCP_NOTSENT_LOWAT? integer
---@field TCP_QUEUE_SEQ? integer
---@field TCP_QUICKACK? integer
---@field TCP_REPAIR? integer
---@field TCP_REPAIR_OPTIONS? integer
---@field TCP_REPAIR_QUEUE? integer
---@field TCP_REPAIR_WINDOW? integer
---@field TCP_SAVED_SYN? integer
---@field TCP_SAVE_SYN? integer
---@field TCP_SYNCNT? integer
---@field TCP_SYN_RECV? integer
---@field TCP_SYN_SENT? integer
---@field TCP_THIN_DUPACK? integer
---@field TCP_THIN_LINEAR_TIMEOUTS? integer
---@field TCP_TIMESTAMP? integer
---@field TCP_TIME_WAIT? integer
---@field TCP_TX_DELAY? integer
---@field TCP_ULP? integer
---@field TCP_USER_TIMEOUT? integer
---@field TCP_WINDOW_CLAMP? integer
---@field UDP_CORK? integer
---@field UDP_ENCAP? integer
---@field UDP_GRO? integer
---@field UDP_NO_CHECK6_RX? integer
---@field UDP_NO_CHECK6_TX? integer
---@field UDP_SEGMENT? integer
---@field VMADDR_CID_ANY? integer
---@field VMADDR_CID_HOST? integer
---@field VMADDR_CID_HYPERVISOR? integer
---@field VMADDR_CID_LOCAL? integer
---@field VMADDR_PORT_ANY? integer
local core = {}

---A name, or the system's number.
---@alias sockeye.Family string|integer
---@alias sockeye.Type
---| "stream"
---| "dgram"
---| "datagram"
---| "seqpacket"
---| "raw"
---| "rdm"
---| integer
---Flags of send and receive calls, by name or number.
---@alias sockeye.Flag
---| "cmsg_cloexec"
---| "confirm"
---| "ctrunc"
---| "dontroute"
---| "dontwait"
---| "eor"
---| "errqueue"
---| "fastopen"
---| "more"
---| "nosignal"
---| "oob"
---| "peek"
---| "trunc"
---| "waitall"
---| "waitforone"
---| integer

---An immutable, interned address: equal addresses are the same value.
---@class sockeye.Address
---@field family string|integer the name, or the number of a family without one
---@field host? string inet and inet6, without the scope
---@field port? integer inet, inet6 and vsock
---@field scope? string|integer inet6: the interface's name, or its number
---@field scopeid? integer inet6
---@field flow? integer inet6: traffic class and flow label
---@field path? string unix: "@" comes before an abstract name
---@field abstract? boolean unix
---@field interface? string|integer packet: the name, or the number
---@field index? integer packet: the interface's number
---@field protocol? integer packet: as in ETH_P_IP
---@field hardware? string packet: bytes
---@field hatype? integer packet
---@field pkttype? integer packet
---@field pid? integer netlink
---@field groups? integer netlink
---@field cid? integer vsock
---@field raw string all bytes of the system's structure
local Address = {}

---The same host with another port; raises for a family without ports.
---@param port integer
---@return sockeye.Address
function Address:withport(port) end

---Whether an IP address belongs to a network, as "10.0.0.0/8".
---@param prefix string
---@return boolean
function Address:within(prefix) end

---@class sockeye.AddressTable
---@field family sockeye.Family
---@field host? string
---@field port? integer
---@field scope? string|integer
---@field flow? integer
---@field path? string
---@field abstract? boolean
---@field interface? string|integer
---@field protocol? integer
---@field hardware? string
---@field hatype? integer
---@field pkttype? integer
---@field pid? integer
---@field groups? integer
---@field cid? integer
---@field raw? string

---Makes an address: of host and port, one string, or a table.
---@param address string|sockeye.AddressTable|sockeye.Address
---@param port? integer
---@return sockeye.Address? address
---@return string? message
---@return string? code
function core.address(address, port) end

---A socket, or another descriptor that can be waited for.  Closed by `close`, by
---`<close>` and by the garbage collector.
---@class sockeye.Socket
local Socket = {}

---A Lua file, a socket or a descriptor.
---@alias sockeye.Descriptor file*|sockeye.Socket|integer

---What to wait for: "r", "w", "p" (an urgent byte), or several of them.
---@alias sockeye.Readiness
---| "r"
---| "w"
---| "rw"
---| "p"
---| string

---Creates a socket.
---@param family sockeye.Family
---@param type sockeye.Type
---@param protocol? integer
---@return sockeye.Socket? socket
---@return string? message
---@return string? code
function core.socket(family, type, protocol) end

---Creates two sockets that are connected to each other.
---@param family? sockeye.Family "unix" unless given
---@param type? sockeye.Type "stream" unless given
---@param protocol? integer
---@return sockeye.Socket? a
---@return sockeye.Socket|string b the other one, or the message
---@return string? code
function core.socketpair(family, type, protocol) end

---Adopts a descriptor, or a duplicate of a Lua file's.
---@param descriptor integer|file*
---@return sockeye.Socket? socket
---@return string? message
---@return string? code
function core.fromfd(descriptor) end

---Waits until one of several sockets is ready.
---@param sockets table<sockeye.Socket, sockeye.Readiness>
---@param seconds? number for ever unless given
---@return table<sockeye.Socket, string>? ready
---@return string? message
---@return string? code
function core.poll(sockets, seconds) end

---Gives the socket its own address.
---@param address sockeye.Address|string
---@param port? integer when the address is a host
---@return sockeye.Socket? self
---@return string? message
---@return string? code
function Socket:bind(address, port) end

---Connects the socket, or sets the default destination of a datagram socket.
---@param address sockeye.Address|string
---@param port? integer when the address is a host
---@return sockeye.Socket? self
---@return string? message
---@return string? code
function Socket:connect(address, port) end

---Makes the socket accept connections.
---@param backlog? integer the system's maximum unless given
---@return sockeye.Socket? self
---@return string? message
---@return string? code
function Socket:listen(backlog) end

---Accepts a connection.
---@return sockeye.Socket? connection
---@return sockeye.Address|string? peer or the message
---@return string? code
function Socket:accept() end

---Ends one or both directions of a connection.
---@param how "r"|"w"|"rw"
---@return sockeye.Socket? self
---@return string? message
---@return string? code
function Socket:shutdown(how) end

---@return sockeye.Address? address the socket's own
---@return string? message
---@return string? code
function Socket:getsockname() end

---@return sockeye.Address? address the peer's
---@return string? message
---@return string? code
function Socket:getpeername() end

---Sends what the system takes at once; i and j come last, after the flags.
---@param data string
---@param ... sockeye.Flag|integer flags, then the first and the last byte
---@return integer? sent
---@return string? message
---@return string? code
function Socket:send(data, ...) end

---Sends all of the data under one deadline.
---@param data string
---@param ... sockeye.Flag|integer flags, then the first and the last byte
---@return sockeye.Socket? self
---@return string? message
---@return string? code
---@return integer? sent
function Socket:sendall(data, ...) end

---Sends a datagram.
---@param data string
---@param address sockeye.Address|string or host and port in two arguments
---@param ... sockeye.Flag|integer
---@return integer? sent
---@return string? message
---@return string? code
function Socket:sendto(data, address, ...) end

---Receives what has come; nil alone is the end of the stream.
---@param n? integer the most bytes to take, 8192 unless given
---@param ... sockeye.Flag
---@return string? data
---@return string|integer? message with "trunc", the whole length
---@return string? code
---@return string? part with "waitall", what has come
function Socket:recv(n, ...) end

---Receives a datagram and tells who sent it.
---@param n? integer the most bytes to take, 8192 unless given
---@param ... sockeye.Flag
---@return string? data
---@return sockeye.Address|string? from or the message
---@return table<string, true>|string? flags or the code
---@return integer? length with "trunc", the whole length
function Socket:recvfrom(n, ...) end

---Sends a part of a file under one deadline.
---@param file sockeye.Descriptor
---@param offset? integer 0 unless given
---@param count? integer to the end unless given
---@return integer? sent
---@return string? message
---@return string? code
---@return integer? part what was sent before the failure
function Socket:sendfile(file, offset, count) end

---Waits until the socket is ready.
---@param what sockeye.Readiness
---@param seconds? number the socket's own timeout unless given
---@return string? ready
---@return string? message
---@return string? code
function Socket:wait(what, seconds) end

---Closes the socket; closing again does nothing.
---@return sockeye.Socket? self
---@return string? message
---@return string? code
function Socket:close() end

---Gives the descriptor away: it stays open and is the caller's to close.
---@return integer? descriptor
---@return string? message
---@return string? code
function Socket:detach() end

---@return sockeye.Socket? duplicate for the same connection
---@return string? message
---@return string? code
function Socket:dup() end

---Whether programs that this one starts inherit the descriptor.
---@param flag boolean
---@return sockeye.Socket? self
---@return string? message
---@return string? code
function Socket:setinheritable(flag) end

---@return integer? descriptor to be used but not closed by others
---@return string? message
---@return string? code
function Socket:getfd() end

---Limits each later call in time, as a whole.
---@param seconds? number 0 for "now", nil for "for ever"
---@return sockeye.Socket self
function Socket:settimeout(seconds) end

---@return number? seconds
function Socket:gettimeout() end

---What kind of socket it is.
---@return sockeye.Family? family nil for a descriptor that is no socket
---@return sockeye.Type? type
---@return integer? protocol
function Socket:kind() end

---@class sockeye.Credentials
---@field pid? integer
---@field uid? integer
---@field gid? integer

---@class sockeye.PacketInfo
---@field interface? integer|string its index, or (to send) its name
---@field address? sockeye.Address|string the own address; to send, without a port
---@field source? sockeye.Address|string another name for `address`, to send
---@field destination? sockeye.Address the header's address, received only

---@class sockeye.ControlItem
---@field level integer
---@field type integer
---@field data string

---@class sockeye.OutgoingMessage
---@field data string|string[]
---@field to? sockeye.Address|string
---@field flags? sockeye.Flag|integer|(sockeye.Flag|integer)[] not in `sendmmsg`
---@field fds? (sockeye.Socket|file*|integer)[]
---@field credentials? boolean|sockeye.Credentials
---@field pktinfo? sockeye.PacketInfo
---@field ttl? integer 1 to 255, IPv4
---@field tos? integer 0 to 255, IPv4
---@field hoplimit? integer 0 to 255, IPv6
---@field tclass? integer 0 to 255, IPv6
---@field segment? integer 1 to 65535, UDP
---@field txtime? integer nanoseconds of the clock that SO_TXTIME named
---@field mark? integer
---@field priority? integer
---@field control? sockeye.ControlItem[] anything else

---@class sockeye.ReceiveOptions
---@field size? integer the most bytes of data; 8192
---@field control? integer bytes of room for control data
---@field fds? integer the most descriptors; 253
---@field flags? sockeye.Flag|integer|(sockeye.Flag|integer)[]

---@class sockeye.Timestamping
---@field software? number seconds since 1970
---@field softwarens? integer the same in nanoseconds
---@field hardware? number
---@field hardwarens? integer

---@class sockeye.QueuedError
---@field code? string such as "ECONNREFUSED"
---@field message? string
---@field origin "none"|"local"|"icmp"|"icmp6"|"timestamping"|"zerocopy"|"txtime"|integer
---@field icmptype? integer
---@field icmpcode? integer
---@field reason? integer
---@field info integer the MTU for EMSGSIZE
---@field data integer
---@field from? sockeye.Address who reported it

---@class sockeye.AuxData
---@field status integer
---@field len integer
---@field snaplen integer
---@field mac integer
---@field net integer
---@field vlan? integer
---@field vlanproto? integer

---@class sockeye.Message
---@field data string
---@field length? integer the real length, with the flag "trunc"
---@field from? sockeye.Address
---@field flags? table<string|integer, true>
---@field fds? sockeye.Socket[]
---@field credentials? sockeye.Credentials
---@field pidfd? sockeye.Socket
---@field security? string
---@field pktinfo? sockeye.PacketInfo
---@field ttl? integer
---@field tos? integer
---@field hoplimit? integer
---@field tclass? integer
---@field flow? integer
---@field fragsize? integer
---@field origdst? sockeye.Address
---@field timestamp? number seconds since 1970
---@field timestampns? integer the same in nanoseconds
---@field timestamping? sockeye.Timestamping
---@field error? sockeye.QueuedError
---@field segment? integer
---@field drops? integer
---@field mark? integer
---@field priority? integer
---@field inq? integer
---@field auxdata? sockeye.AuxData
---@field group? integer
---@field other? sockeye.ControlItem[]

---Sends one message with all that can go with it.
---@param message sockeye.OutgoingMessage
---@return integer? sent
---@return string? message
---@return string? code
function Socket:sendmsg(message) end

---Sends several messages in one system call.
---@param messages sockeye.OutgoingMessage[]
---@param ... sockeye.Flag|integer
---@return integer? count how many were sent
---@return string? message
---@return string? code
function Socket:sendmmsg(messages, ...) end

---Receives one message with all that came with it; nil alone at the end.
---@param options? sockeye.ReceiveOptions
---@return sockeye.Message? message
---@return string? message
---@return string? code
function Socket:recvmsg(options) end

---Receives what has come, up to n messages; waits only for the first.
---@param n integer 1 to 1024
---@param size? integer the most bytes of each; 8192
---@param ... sockeye.Flag|integer
---@return sockeye.Message[]? messages
---@return string? message
---@return string? code
function Socket:recvmmsg(n, size, ...) end

---Names -> types of all socket options, as in `{so_rcvbuf = "integer", ...}`;
---", read-only" or ", write-only" follows where only one of the two works.
---@return table<string, string>
function core.options() end

---@class sockeye.Membership
---@field group string|sockeye.Address
---@field interface? string|integer|sockeye.Address name or index; for IPv4 also an address

---@class sockeye.SourceMembership: sockeye.Membership
---@field source string|sockeye.Address

---@class sockeye.PacketMembership
---@field type "promisc"|"multicast"|"allmulti"|"unicast"|integer
---@field interface? string|integer
---@field address? string the bytes

---@class sockeye.TxTime
---@field clock? "realtime"|"monotonic"|"tai"|integer
---@field deadline_mode? boolean
---@field report_errors? boolean

---@class sockeye.PortRange
---@field low? integer
---@field high? integer

---@class sockeye.Md5Sig
---@field address string|sockeye.Address
---@field key string
---@field prefix? integer
---@field interface? string|integer

---The fields that the running kernel knows; times are in seconds.
---@class sockeye.TcpInfo
---@field state string
---@field ca_state string
---@field options table<string|integer, true>
---@field retransmits integer
---@field probes integer
---@field backoff integer
---@field snd_wscale integer
---@field rcv_wscale integer
---@field delivery_rate_app_limited boolean
---@field fastopen_client_fail integer
---@field rto number
---@field ato number
---@field snd_mss integer
---@field rcv_mss integer
---@field unacked integer
---@field sacked integer
---@field lost integer
---@field retrans integer
---@field fackets integer
---@field last_data_sent number
---@field last_ack_sent number
---@field last_data_recv number
---@field last_ack_recv number
---@field pmtu integer
---@field rcv_ssthresh integer
---@field rtt number
---@field rttvar number
---@field snd_ssthresh integer
---@field snd_cwnd integer
---@field advmss integer
---@field reordering integer
---@field rcv_rtt number
---@field rcv_space integer
---@field total_retrans integer
---@field pacing_rate? integer
---@field max_pacing_rate? integer
---@field bytes_acked? integer
---@field bytes_received? integer
---@field segs_out? integer
---@field segs_in? integer
---@field notsent_bytes? integer
---@field min_rtt? number
---@field data_segs_in? integer
---@field data_segs_out? integer
---@field delivery_rate? integer
---@field busy_time? number
---@field rwnd_limited? number
---@field sndbuf_limited? number
---@field delivered? integer
---@field delivered_ce? integer
---@field bytes_sent? integer
---@field bytes_retrans? integer
---@field dsack_dups? integer
---@field reord_seen? integer
---@field rcv_ooopack? integer
---@field snd_wnd? integer
---@field rcv_wnd? integer
---@field rehash? integer
---@field total_rto? integer
---@field total_rto_recoveries? integer
---@field total_rto_time? number
---@field received_ce? integer
---@field delivered_e1_bytes? integer
---@field delivered_e0_bytes? integer
---@field delivered_ce_bytes? integer
---@field received_e1_bytes? integer
---@field received_e0_bytes? integer
---@field received_ce_bytes? integer

---A socket option by its lower-case constant name; nil alone where "so_error"
---has nothing to report.  Raises on an unknown name.
---@param name string
---@return any value
---@return string? message
---@return string? code
---@overload fun(self: sockeye.Socket, name: "tcp_info"): sockeye.TcpInfo?, string?, string?
---@overload fun(self: sockeye.Socket, name: "so_peercred"): sockeye.Credentials?, string?, string?
---@overload fun(self: sockeye.Socket, name: "so_peerpidfd"): sockeye.Socket?, string?, string?
function Socket:getoption(name) end

---Sets a socket option by name.  Raises on an unknown name, a wrong type or
---range, and for an option that can only be read.
---@param name string
---@param value boolean|integer|number|string|table|sockeye.Address|nil
---@return sockeye.Socket? self
---@return string? message
---@return string? code
function Socket:setoption(name, value) end

---A socket option by number: a C int without a size, else the bytes.
---@param level integer
---@param optname integer
---@param size? integer
---@return integer|string? value
---@return string? message
---@return string? code
function Socket:getsockopt(level, optname, size) end

---Sets a socket option by number to a C int or to bytes.
---@param level integer
---@param optname integer
---@param value integer|string
---@return sockeye.Socket? self
---@return string? message
---@return string? code
function Socket:setsockopt(level, optname, value) end

---Asks the socket about its queues; boolean for "siocatmark".
---@param name "fionread"|"siocinq"|"siocoutq"|"siocoutqnsd"|"siocatmark"
---@return integer|boolean? answer
---@return string? message
---@return string? code
function Socket:ioctl(name) end

---@class sockeye.Hints what getaddrinfo is to look for
---@field family? sockeye.Family|integer
---@field type? sockeye.Type|integer
---@field protocol? integer
---@field flags? sockeye.HintFlag|integer|(sockeye.HintFlag|integer)[]
---@field timeout? number in seconds

---@alias sockeye.HintFlag
---| "passive"
---| "canonname"
---| "numerichost"
---| "numericserv"
---| "addrconfig"
---| "v4mapped"
---| "all"

---@alias sockeye.NameFlag
---| "numerichost"
---| "numericserv"
---| "namereqd"
---| "dgram"
---| "nofqdn"

---@class sockeye.Found one result of getaddrinfo
---@field address sockeye.Address
---@field family sockeye.Family|integer
---@field type sockeye.Type|integer
---@field protocol integer
---@field canonname? string in the first result, if it was asked for

---Finds the addresses of a host and service. Waits as every call does; the
---name service is asked on a thread of its own.
---@param host? string a name or address; nil for this host
---@param service? string|integer a name, a decimal number as text, or a port
---@param hints? sockeye.Hints
---@return sockeye.Found[]? list
---@return string? message
---@return string? code "EAI_NONAME", "EAI_AGAIN", "timeout", ...
function core.getaddrinfo(host, service, hints) end

---Finds the names of an address.
---@param address sockeye.Address|string
---@param flags? sockeye.NameFlag|integer|(sockeye.NameFlag|integer)[]
---@param timeout? number in seconds
---@return string? host
---@return string service or the message of the failure
---@return string? code
---@overload fun(host: string, port: integer, flags?: sockeye.NameFlag|integer|(sockeye.NameFlag|integer)[], timeout?: number): string?, string, string?
function core.getnameinfo(address, flags, timeout) end

---Finds a service by its name or an alias of it.
---@param name string
---@param protocol? string "tcp", "udp", ...: any when not given
---@return integer? port
---@return string protocol or the message of the failure
---@return string? code "ENOENT" when there is none
function core.getservbyname(name, protocol) end

---Finds the name of a service.
---@param port integer
---@param protocol? string "tcp", "udp", ...: any when not given
---@return string? name
---@return string protocol or the message of the failure
---@return string? code "ENOENT" when there is none
function core.getservbyport(port, protocol) end

---Finds the number of a protocol by its name or an alias of it.
---@param name string
---@return integer? number
---@return string? message
---@return string? code "ENOENT" when there is none
function core.getprotobyname(name) end

---Finds the name of a protocol.
---@param number integer
---@return string? name
---@return string? message
---@return string? code "ENOENT" when there is none
function core.getprotobynumber(number) end

---@class sockeye.InterfaceName
---@field index integer
---@field name string

---@class sockeye.InterfaceAddress
---@field address sockeye.Address with port 0
---@field netmask? sockeye.Address
---@field prefix? integer length of the netmask
---@field broadcast? sockeye.Address
---@field peer? sockeye.Address
---@field label? string "eth0:1"

---@class sockeye.Interface
---@field index integer
---@field name string
---@field flags table<string, true> up, loopback, running, multicast, ...
---@field addresses sockeye.InterfaceAddress[]
---@field hardware? string "02:00:5e:10:00:01"
---@field mtu? integer

---The index of a network interface.
---@param name string
---@return integer? index
---@return string? message
---@return string? code "ENODEV" when there is none
function core.if_nametoindex(name) end

---The name of a network interface.
---@param index integer
---@return string? name
---@return string? message
---@return string? code "ENXIO" when there is none
function core.if_indextoname(index) end

---Lists the network interfaces, with their numbers.
---@return sockeye.InterfaceName[]? list
---@return string? message
---@return string? code
function core.if_nameindex() end

---Lists the network interfaces of this host, ordered by index.
---@return sockeye.Interface[]? list
---@return string? message
---@return string? code
function core.interfaces() end

return core
