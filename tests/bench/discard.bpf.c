/* The far end of an end-to-end measurement: discards what the interface has counted as received
 * before the kernel's stack spends time on it. ARP and L2TP control pass, so that tunnels stay up.
 * Attached to the ingress of a veth (tc, direct action) by scripts/benchmark.
 *
 * SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
 * Copyright The Terminus Authors */
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>

#define L2TP_PORT 1701
#define L2TP_T_BIT 0x80

/* As the measurement sends them: IPv4 without options. */
struct headers {
  struct ethhdr ethernet;
  struct iphdr ip;
  struct udphdr udp;
  __u8 l2tp_flags;
} __attribute__((packed));

SEC("tc")
int discard(struct __sk_buff *skb) {
  struct headers headers;

  if (skb->protocol != bpf_htons(ETH_P_IP)) return TC_ACT_OK;
  if (bpf_skb_load_bytes(skb, 0, &headers, sizeof(headers)) == 0 &&
      headers.ip.protocol == IPPROTO_UDP && headers.udp.dest == bpf_htons(L2TP_PORT) &&
      (headers.l2tp_flags & L2TP_T_BIT) != 0)
    return TC_ACT_OK;
  return TC_ACT_SHOT;
}

char discard_license[] SEC("license") = "Dual BSD/GPL";
