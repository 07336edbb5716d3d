/* What the XDP program (steer.bpf.c) and the process that fills its maps (steering.cc) agree on:
 * names, keys and values of the maps. C and C++; integers in host order unless a comment says so.
 * SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
 * Copyright The Terminus Authors */
#ifndef LNS_DATAPLANE_XDP_STEER_MAPS_H_
#define LNS_DATAPLANE_XDP_STEER_MAPS_H_

#include <linux/types.h>

/* Program name in the kernel (15 characters at most): a program of this name is ours. */
#define LNS_STEER_PROGRAM "lns_steer"

/* Map names, likewise. xsks_map is the name DPDK's net_af_xdp looks for. */
#define LNS_STEER_XSKS "xsks_map"
#define LNS_STEER_LOCAL_V4 "local_v4"
#define LNS_STEER_LOCAL_V6 "local_v6"
#define LNS_STEER_SUBSCRIBERS_V4 "subscribers_v4"
#define LNS_STEER_SUBSCRIBERS_V6 "subscribers_v6"
#define LNS_STEER_SETTINGS "settings"
#define LNS_STEER_COUNTERS "verdicts"

#define LNS_STEER_MAX_QUEUES 64
#define LNS_STEER_MAX_LOCAL 1024
#define LNS_STEER_NEAR_LOCAL 4
#define LNS_STEER_MAX_SUBSCRIBERS 65536

/* steer_settings.flags */
#define LNS_STEER_ACCESS 1u /* take L2TP to local addresses */
#define LNS_STEER_CORE 2u   /* take packets to subscriber prefixes */
/* The local addresses are known. Until then an access interface drops UDP/1701 rather than let
 * Linux answer it with ICMP port unreachable, which would end live tunnels after a restart. */
#define LNS_STEER_READY 4u

/* Every packet reads it, so it also has a few of the addresses of local_v4: most networks have no
 * more, and comparing them is cheaper than asking the hash. In network order; 0: none. Words are
 * written and read one by one, and each means something alone. */
struct steer_settings {
  __u32 flags;
  __be32 near_v4[LNS_STEER_NEAR_LOCAL];
};

/* LPM trie keys: prefix length in bits, then the address in network order. */
struct steer_prefix_v4 {
  __u32 length;
  __u8 address[4];
};
struct steer_prefix_v6 {
  __u32 length;
  __u8 address[16];
};

/* Indices of the per-CPU counters (__u64); names in steering.cc, in this order. */
enum steer_verdict {
  STEER_PASSED = 0,
  STEER_L2TP_REDIRECTED = 1,
  STEER_L2TP_FRAGMENT_REDIRECTED = 2,
  STEER_SUBSCRIBER_REDIRECTED = 3,
  STEER_NO_SOCKET_DROPPED = 4,
  STEER_NOT_READY_DROPPED = 5,
  STEER_VERDICT_COUNT = 6,
};

#endif
