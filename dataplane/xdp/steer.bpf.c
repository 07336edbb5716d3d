/* The XDP program on every AF_XDP port: takes from the interface what is Terminus's, and nothing
 * else. Loaded by DPDK's net_af_xdp (`xdp_prog=`), its maps are filled by steering.cc.
 *
 *   access interfaces: UDP to port 1701 of a local address, and later fragments of UDP to one
 *   core interfaces:   packets to a subscriber prefix (longest match; host or network)
 *   everything else:   XDP_PASS; ARP, ND, routing protocols and SSH stay with Linux
 *
 * Where no AF_XDP socket serves the queue what is ours is dropped: given to Linux it would be
 * answered with ICMP port unreachable. IPv4 and IPv6, at most one VLAN tag.
 *
 * SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
 * Copyright The Terminus Authors */
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include "dataplane/xdp/steer_maps.h"

#define L2TP_PORT 1701
#define IPV4_OFFSET_MASK 0x1fff
#define IPV4_MORE_FRAGMENTS 0x2000
#define IPV6_OFFSET_MASK 0xfff8
#define MAX_EXTENSION_HEADERS 4

struct {
  __uint(type, BPF_MAP_TYPE_XSKMAP);
  __uint(max_entries, LNS_STEER_MAX_QUEUES);
  __type(key, __u32);
  __type(value, __u32);
} xsks_map SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, LNS_STEER_MAX_LOCAL);
  __type(key, __be32);
  __type(value, __u8);
} local_v4 SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, LNS_STEER_MAX_LOCAL);
  __type(key, struct in6_addr);
  __type(value, __u8);
} local_v6 SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(max_entries, LNS_STEER_MAX_SUBSCRIBERS);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct steer_prefix_v4);
  __type(value, __u8);
} subscribers_v4 SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(max_entries, LNS_STEER_MAX_SUBSCRIBERS);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct steer_prefix_v6);
  __type(value, __u8);
} subscribers_v6 SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct steer_settings);
} settings SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, STEER_VERDICT_COUNT);
  __type(key, __u32);
  __type(value, __u64);
} verdicts SEC(".maps");

/* What the headers say; `later_fragment` has no ports to look at. */
struct flow {
  void *udp;
  __u8 is_udp;
  __u8 is_fragment;
  __u8 is_later_fragment;
  __u8 is_local;
  __u8 is_subscriber;
};

static __always_inline void count(__u32 verdict) {
  __u64 *counter = bpf_map_lookup_elem(&verdicts, &verdict);
  if (counter) *counter += 1;
}

static __always_inline int pass(void) {
  count(STEER_PASSED);
  return XDP_PASS;
}

static __always_inline int redirect(struct xdp_md *ctx, __u32 verdict) {
  int action = bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_DROP);
  count(action == XDP_REDIRECT ? verdict : STEER_NO_SOCKET_DROPPED);
  return action;
}

static __always_inline int is_local_v4(const struct steer_settings *set, __be32 to) {
#pragma unroll
  for (int i = 0; i < LNS_STEER_NEAR_LOCAL; i++) {
    if (set->near_v4[i] == to && to) return 1;
  }
  return bpf_map_lookup_elem(&local_v4, &to) != 0;
}

/* 0 if the packet is not one we can judge (and Linux gets it). */
static __always_inline int parse_v4(void *l3, void *end, const struct steer_settings *set,
                                    struct flow *flow) {
  struct iphdr *ip = l3;
  if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5) return 0;
  __u16 fragment = bpf_ntohs(ip->frag_off);
  flow->is_udp = ip->protocol == IPPROTO_UDP;
  flow->is_fragment = (fragment & (IPV4_OFFSET_MASK | IPV4_MORE_FRAGMENTS)) != 0;
  flow->is_later_fragment = (fragment & IPV4_OFFSET_MASK) != 0;
  flow->udp = l3 + ip->ihl * 4;
  __be32 to = ip->daddr;
  if (set->flags & LNS_STEER_ACCESS) flow->is_local = is_local_v4(set, to);
  if (set->flags & LNS_STEER_CORE) {
    struct steer_prefix_v4 key = {.length = 32};
    __builtin_memcpy(key.address, &to, sizeof(key.address));
    flow->is_subscriber = bpf_map_lookup_elem(&subscribers_v4, &key) != 0;
  }
  return 1;
}

struct fragment_header {
  __u8 next;
  __u8 reserved;
  __be16 offset_flags;
  __be32 id;
};
struct option_header {
  __u8 next;
  __u8 length; /* in 8 octets, not counting the first */
};

static __always_inline int parse_v6(void *l3, void *end, __u32 flags, struct flow *flow) {
  struct ipv6hdr *ip = l3;
  if ((void *)(ip + 1) > end || ip->version != 6) return 0;
  __u8 next = ip->nexthdr;
  void *at = ip + 1;
#pragma unroll
  for (int i = 0; i < MAX_EXTENSION_HEADERS; i++) {
    if (next == IPPROTO_FRAGMENT) {
      struct fragment_header *header = at;
      if ((void *)(header + 1) > end) break;
      flow->is_fragment = 1;
      flow->is_later_fragment = (bpf_ntohs(header->offset_flags) & IPV6_OFFSET_MASK) != 0;
      next = header->next;
      at = header + 1;
      if (flow->is_later_fragment) break;
    } else if (next == IPPROTO_HOPOPTS || next == IPPROTO_DSTOPTS || next == IPPROTO_ROUTING) {
      struct option_header *header = at;
      if ((void *)(header + 1) > end) break;
      next = header->next;
      at += (header->length + 1) * 8;
    } else {
      break;
    }
  }
  flow->is_udp = next == IPPROTO_UDP;
  flow->udp = at;
  if (flags & LNS_STEER_ACCESS) {
    struct in6_addr to = ip->daddr;
    flow->is_local = bpf_map_lookup_elem(&local_v6, &to) != 0;
  }
  if (flags & LNS_STEER_CORE) {
    struct steer_prefix_v6 key = {.length = 128};
    __builtin_memcpy(key.address, &ip->daddr, sizeof(key.address));
    flow->is_subscriber = bpf_map_lookup_elem(&subscribers_v6, &key) != 0;
  }
  return 1;
}

static __always_inline int is_l2tp(const struct flow *flow, void *end) {
  struct udphdr *udp = flow->udp;
  if (!flow->is_udp || flow->is_later_fragment || (void *)(udp + 1) > end) return 0;
  return udp->dest == bpf_htons(L2TP_PORT);
}

SEC("xdp")
int lns_steer(struct xdp_md *ctx) {
  void *at = (void *)(long)ctx->data;
  void *end = (void *)(long)ctx->data_end;
  __u32 zero = 0;
  struct steer_settings *set = bpf_map_lookup_elem(&settings, &zero);
  if (!set) return pass(); /* an array's element is always there */
  __u32 flags = set->flags;

  struct ethhdr *ethernet = at;
  if ((void *)(ethernet + 1) > end) return pass();
  __be16 type = ethernet->h_proto;
  at = ethernet + 1;
  if (type == bpf_htons(ETH_P_8021Q) || type == bpf_htons(ETH_P_8021AD)) {
    if (at + 4 > end) return pass();
    type = *(__be16 *)(at + 2);
    at += 4;
  }

  struct flow flow = {};
  int known = 0;
  if (type == bpf_htons(ETH_P_IP)) known = parse_v4(at, end, set, &flow);
  if (type == bpf_htons(ETH_P_IPV6)) known = parse_v6(at, end, flags, &flow);
  if (!known) return pass();

  int l2tp = is_l2tp(&flow, end);
  if (l2tp && !(flags & LNS_STEER_READY) && flags != LNS_STEER_CORE) {
    count(STEER_NOT_READY_DROPPED);
    return XDP_DROP;
  }
  if (flow.is_local && l2tp) {
    return redirect(ctx, flow.is_fragment ? STEER_L2TP_FRAGMENT_REDIRECTED : STEER_L2TP_REDIRECTED);
  }
  if (flow.is_local && flow.is_udp && flow.is_later_fragment) {
    return redirect(ctx, STEER_L2TP_FRAGMENT_REDIRECTED);
  }
  if (flow.is_subscriber) return redirect(ctx, STEER_SUBSCRIBER_REDIRECTED);
  return pass();
}

char steer_license[] SEC("license") = "Dual BSD/GPL";
