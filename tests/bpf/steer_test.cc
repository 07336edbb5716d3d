// The XDP program's verdict and counter for every kind of packet, each a row: the kernel itself
// runs the program (BPF_PROG_TEST_RUN) on the bytes. A real AF_XDP socket stands in the XSKMAP
// where a row wants one.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iterator>
#include <ostream>
#include <string>
#include <vector>

#include "dataplane/xdp/near_local.h"
#include "dataplane/xdp/steer_maps.h"
#include "lib/base/bytes.h"
#include "lib/net/address.h"

namespace lns::dataplane {
namespace {

constexpr uint32_t kXdpDrop = 1;
constexpr uint32_t kXdpPass = 2;
constexpr uint32_t kXdpRedirect = 4;

constexpr const char* kLns = "198.51.100.1";
constexpr const char* kLac = "198.51.100.11";
constexpr const char* kHost = "203.0.113.10";
constexpr const char* kSubscriber = "100.64.3.4";
constexpr const char* kLns6 = "2001:db8::1";
constexpr const char* kLac6 = "2001:db8::11";
constexpr const char* kSubscriber6 = "2001:db8:100::5";

constexpr uint8_t kTcp = 6;
constexpr uint8_t kUdp = 17;
constexpr uint8_t kFragment = 44;

void Append16(Bytes& bytes, uint32_t value) {
  bytes.push_back(static_cast<uint8_t>(value >> 8));
  bytes.push_back(static_cast<uint8_t>(value));
}
void Append(Bytes& bytes, ByteView more) { bytes.insert(bytes.end(), more.begin(), more.end()); }
net::IpAddress Address(const char* text) { return *net::IpAddress::Parse(text); }
__be32 Word(const char* text) {
  __be32 word;
  std::memcpy(&word, Address(text).bytes().data(), sizeof(word));
  return word;
}

struct Packet {
  Bytes bytes;

  static Packet Ethernet(uint16_t type) {
    Packet packet{Bytes(12, 0x02)};
    Append16(packet.bytes, type);
    return packet;
  }
  static Packet Vlan(uint16_t type) {
    Packet packet = Ethernet(0x8100);
    Append16(packet.bytes, 100);
    Append16(packet.bytes, type);
    return packet;
  }
  // `fragment` is the flags and offset field; options are `option_words` of no-operation.
  Packet& Ipv4(const char* from, const char* to, uint8_t protocol, uint16_t fragment = 0,
               uint32_t option_words = 0) {
    bytes.push_back(static_cast<uint8_t>(0x45 + option_words));
    bytes.push_back(0);
    Append16(bytes, 60);
    Append16(bytes, 0x1234);
    Append16(bytes, fragment);
    bytes.push_back(64);
    bytes.push_back(protocol);
    Append16(bytes, 0);
    Append(bytes, Address(from).bytes());
    Append(bytes, Address(to).bytes());
    bytes.insert(bytes.end(), option_words * 4, 1);
    return *this;
  }
  Packet& Ipv6(const char* from, const char* to, uint8_t next) {
    Append(bytes, Bytes{0x60, 0, 0, 0});
    Append16(bytes, 60);
    bytes.push_back(next);
    bytes.push_back(64);
    Append(bytes, Address(from).bytes());
    Append(bytes, Address(to).bytes());
    return *this;
  }
  Packet& Fragment6(uint8_t next, uint16_t offset_flags) {
    bytes.push_back(next);
    bytes.push_back(0);
    Append16(bytes, offset_flags);
    Append(bytes, Bytes{0, 0, 0, 7});
    return *this;
  }
  Packet& Option6(uint8_t next) {
    bytes.push_back(next);
    Append(bytes, Bytes{0, 1, 4, 0, 0, 0, 0});
    return *this;
  }
  Packet& Ports(uint16_t from, uint16_t to) {
    Append16(bytes, from);
    Append16(bytes, to);
    Append(bytes, Bytes{0, 40, 0, 0});
    return *this;
  }
  Packet& Payload(size_t size = 32) {
    bytes.insert(bytes.end(), size, 0x5a);
    return *this;
  }
};

struct Row {
  const char* what;
  uint32_t flags;
  bool has_socket;
  Packet in;
  uint32_t action;
  steer_verdict counter;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.what; }

constexpr uint32_t kAccess = LNS_STEER_ACCESS | LNS_STEER_READY;
constexpr uint32_t kCore = LNS_STEER_CORE | LNS_STEER_READY;
constexpr uint32_t kBoth = kAccess | kCore;

std::vector<Row> Rows() {
  const auto ipv4 = [] { return Packet::Ethernet(0x0800); };
  const auto ipv6 = [] { return Packet::Ethernet(0x86dd); };
  return {
      {"L2TP to a local address is ours", kAccess, true,
       ipv4().Ipv4(kLac, kLns, kUdp).Ports(1701, 1701).Payload(), kXdpRedirect,
       STEER_L2TP_REDIRECTED},
      {"L2TP from any source port is ours", kAccess, true,
       ipv4().Ipv4(kLac, kLns, kUdp).Ports(40000, 1701).Payload(), kXdpRedirect,
       STEER_L2TP_REDIRECTED},
      {"L2TP behind IPv4 options is ours", kAccess, true,
       ipv4().Ipv4(kLac, kLns, kUdp, 0, 10).Ports(1701, 1701).Payload(), kXdpRedirect,
       STEER_L2TP_REDIRECTED},
      {"L2TP in a VLAN is ours", kAccess, true,
       Packet::Vlan(0x0800).Ipv4(kLac, kLns, kUdp).Ports(1701, 1701).Payload(), kXdpRedirect,
       STEER_L2TP_REDIRECTED},
      {"L2TP over IPv6 is ours", kAccess, true,
       ipv6().Ipv6(kLac6, kLns6, kUdp).Ports(1701, 1701).Payload(), kXdpRedirect,
       STEER_L2TP_REDIRECTED},
      {"L2TP behind an IPv6 destination option is ours", kAccess, true,
       ipv6().Ipv6(kLac6, kLns6, 60).Option6(kUdp).Ports(1701, 1701).Payload(), kXdpRedirect,
       STEER_L2TP_REDIRECTED},
      {"L2TP where no socket listens is dropped, not given to Linux", kAccess, false,
       ipv4().Ipv4(kLac, kLns, kUdp).Ports(1701, 1701).Payload(), kXdpDrop,
       STEER_NO_SOCKET_DROPPED},
      {"L2TP to another address passes", kAccess, true,
       ipv4().Ipv4(kLac, kHost, kUdp).Ports(1701, 1701).Payload(), kXdpPass, STEER_PASSED},
      {"L2TP before the addresses are known is dropped", LNS_STEER_ACCESS, true,
       ipv4().Ipv4(kLac, kHost, kUdp).Ports(1701, 1701).Payload(), kXdpDrop,
       STEER_NOT_READY_DROPPED},
      {"L2TP before any setting is dropped", 0, true,
       ipv6().Ipv6(kLac6, kLns6, kUdp).Ports(1701, 1701).Payload(), kXdpDrop,
       STEER_NOT_READY_DROPPED},
      {"L2TP through a core interface passes", kCore, true,
       ipv4().Ipv4(kHost, kLns, kUdp).Ports(1701, 1701).Payload(), kXdpPass, STEER_PASSED},
      {"L2TP through a core interface that is not ready passes", LNS_STEER_CORE, true,
       ipv4().Ipv4(kHost, kLns, kUdp).Ports(1701, 1701).Payload(), kXdpPass, STEER_PASSED},
      {"an answer from port 1701 passes", kAccess, true,
       ipv4().Ipv4(kLac, kLns, kUdp).Ports(1701, 1702).Payload(), kXdpPass, STEER_PASSED},
      {"TCP to port 1701 passes", kAccess, true,
       ipv4().Ipv4(kLac, kLns, kTcp).Ports(1701, 1701).Payload(), kXdpPass, STEER_PASSED},
      {"L2TP to no address passes", kAccess, true,
       ipv4().Ipv4(kLac, "0.0.0.0", kUdp).Ports(1701, 1701).Payload(), kXdpPass, STEER_PASSED},
      {"ping to the LNS passes", kAccess, true, ipv4().Ipv4(kLac, kLns, 1).Payload(), kXdpPass,
       STEER_PASSED},
      {"ARP passes", kBoth, true, Packet::Ethernet(0x0806).Payload(), kXdpPass, STEER_PASSED},
      {"an unknown ethertype passes", kBoth, true, Packet::Ethernet(0x88cc).Payload(), kXdpPass,
       STEER_PASSED},
      {"a first fragment of L2TP is ours", kAccess, true,
       ipv4().Ipv4(kLac, kLns, kUdp, 0x2000).Ports(1701, 1701).Payload(), kXdpRedirect,
       STEER_L2TP_FRAGMENT_REDIRECTED},
      {"a first fragment of other UDP passes", kAccess, true,
       ipv4().Ipv4(kLac, kLns, kUdp, 0x2000).Ports(53, 53).Payload(), kXdpPass, STEER_PASSED},
      {"a later fragment of UDP to a local address is ours", kAccess, true,
       ipv4().Ipv4(kLac, kLns, kUdp, 0x00b9).Payload(), kXdpRedirect,
       STEER_L2TP_FRAGMENT_REDIRECTED},
      {"a later fragment whose payload looks like port 1701 is judged by its address", kAccess,
       true, ipv4().Ipv4(kLac, kHost, kUdp, 0x00b9).Ports(1701, 1701).Payload(), kXdpPass,
       STEER_PASSED},
      {"a later fragment of TCP passes", kAccess, true,
       ipv4().Ipv4(kLac, kLns, kTcp, 0x00b9).Payload(), kXdpPass, STEER_PASSED},
      {"an IPv6 first fragment of L2TP is ours", kAccess, true,
       ipv6().Ipv6(kLac6, kLns6, kFragment).Fragment6(kUdp, 1).Ports(1701, 1701).Payload(),
       kXdpRedirect, STEER_L2TP_FRAGMENT_REDIRECTED},
      {"an IPv6 later fragment of UDP to a local address is ours", kAccess, true,
       ipv6().Ipv6(kLac6, kLns6, kFragment).Fragment6(kUdp, 0x05a8).Payload(), kXdpRedirect,
       STEER_L2TP_FRAGMENT_REDIRECTED},
      {"a packet to a subscriber is ours on a core interface", kCore, true,
       ipv4().Ipv4(kHost, kSubscriber, kTcp).Ports(80, 40000).Payload(), kXdpRedirect,
       STEER_SUBSCRIBER_REDIRECTED},
      {"any fragment to a subscriber is ours", kCore, true,
       ipv4().Ipv4(kHost, kSubscriber, kTcp, 0x00b9).Payload(), kXdpRedirect,
       STEER_SUBSCRIBER_REDIRECTED},
      {"a packet to an IPv6 subscriber is ours", kCore, true,
       ipv6().Ipv6(kLac6, kSubscriber6, kTcp).Ports(80, 40000).Payload(), kXdpRedirect,
       STEER_SUBSCRIBER_REDIRECTED},
      {"a packet to a subscriber with no socket is dropped", kCore, false,
       ipv4().Ipv4(kHost, kSubscriber, kTcp).Ports(80, 40000).Payload(), kXdpDrop,
       STEER_NO_SOCKET_DROPPED},
      {"a packet to a subscriber passes on an access interface", kAccess, true,
       ipv4().Ipv4(kHost, kSubscriber, kTcp).Ports(80, 40000).Payload(), kXdpPass, STEER_PASSED},
      {"a packet just past the prefix passes", kCore, true,
       ipv4().Ipv4(kHost, "100.128.0.0", kTcp).Ports(80, 40000).Payload(), kXdpPass, STEER_PASSED},
      {"an interface of both roles takes L2TP", kBoth, true,
       ipv4().Ipv4(kLac, kLns, kUdp).Ports(1701, 1701).Payload(), kXdpRedirect,
       STEER_L2TP_REDIRECTED},
      {"an interface of both roles takes subscribers' packets", kBoth, true,
       ipv4().Ipv4(kHost, kSubscriber, kUdp).Ports(53, 53).Payload(), kXdpRedirect,
       STEER_SUBSCRIBER_REDIRECTED},
      {"an IPv4 header of less than five words passes", kBoth, true,
       [&] {
         Packet packet = ipv4().Ipv4(kLac, kLns, kUdp).Ports(1701, 1701).Payload();
         packet.bytes[14] = 0x44;
         return packet;
       }(),
       kXdpPass, STEER_PASSED},
      {"an IPv4 header that says version 6 passes", kBoth, true,
       [&] {
         Packet packet = ipv4().Ipv4(kLac, kLns, kUdp).Ports(1701, 1701).Payload();
         packet.bytes[14] = 0x65;
         return packet;
       }(),
       kXdpPass, STEER_PASSED},
      {"an IPv4 header length past the end passes", kBoth, true,
       [&] {
         Packet packet = ipv4().Ipv4(kLac, kLns, kUdp).Ports(1701, 1701);
         packet.bytes[14] = 0x4f;
         return packet;
       }(),
       kXdpPass, STEER_PASSED},
  };
}

class Steer : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "loading BPF programs needs root";
    object_ = bpf_object__open_file(STEER_OBJECT, nullptr);
    ASSERT_NE(object_, nullptr) << STEER_OBJECT;
    const int error = bpf_object__load(object_);
    if (error == -EPERM || error == -ENOSYS) GTEST_SKIP() << "this kernel or container has no BPF";
    ASSERT_EQ(error, 0) << std::strerror(-error);
    program_ = bpf_program__fd(bpf_object__find_program_by_name(object_, LNS_STEER_PROGRAM));
    ASSERT_GE(program_, 0);
    const uint8_t one = 1;
    Put(LNS_STEER_LOCAL_V4, Address(kLns).bytes().data(), &one);
    Put(LNS_STEER_LOCAL_V6, Address(kLns6).bytes().data(), &one);
    steer_prefix_v4 v4{.length = 10};
    std::memcpy(v4.address, Address("100.64.0.0").bytes().data(), 4);
    Put(LNS_STEER_SUBSCRIBERS_V4, &v4, &one);
    steer_prefix_v6 v6{.length = 48};
    std::memcpy(v6.address, Address("2001:db8:100::").bytes().data(), 16);
    Put(LNS_STEER_SUBSCRIBERS_V6, &v6, &one);
  }
  void TearDown() override {
    if (socket_ >= 0) close(socket_);
    if (object_ != nullptr) bpf_object__close(object_);
  }

  int Map(const char* name) { return bpf_object__find_map_fd_by_name(object_, name); }
  void Put(const char* map, const void* key, const void* value) {
    ASSERT_EQ(bpf_map_update_elem(Map(map), key, value, 0), 0) << map << std::strerror(errno);
  }
  void PutSettings(const steer_settings& settings) {
    const uint32_t zero = 0;
    Put(LNS_STEER_SETTINGS, &zero, &settings);
  }
  void PutSocket() {
    socket_ = socket(AF_XDP, SOCK_RAW, 0);
    ASSERT_GE(socket_, 0) << std::strerror(errno);
    const uint32_t queue = 0;
    Put(LNS_STEER_XSKS, &queue, &socket_);
  }
  uint32_t Run(ByteView packet) {
    bpf_test_run_opts options{};
    options.sz = sizeof(options);
    options.data_in = packet.data();
    options.data_size_in = static_cast<uint32_t>(packet.size());
    options.repeat = 1;
    EXPECT_EQ(bpf_prog_test_run_opts(program_, &options), 0) << std::strerror(errno);
    return options.retval;
  }
  uint64_t Counter(uint32_t verdict) {
    std::vector<uint64_t> per_cpu(static_cast<size_t>(libbpf_num_possible_cpus()));
    EXPECT_EQ(bpf_map_lookup_elem(Map(LNS_STEER_COUNTERS), &verdict, per_cpu.data()), 0);
    uint64_t sum = 0;
    for (const uint64_t value : per_cpu) sum += value;
    return sum;
  }

  bpf_object* object_ = nullptr;
  int program_ = -1;
  int socket_ = -1;
};

class SteerTest : public Steer, public testing::WithParamInterface<Row> {};

TEST_P(SteerTest, VerdictAndCounter) {
  const Row& row = GetParam();
  PutSettings({.flags = row.flags});
  if (row.has_socket) PutSocket();
  EXPECT_EQ(Run(row.in.bytes), row.action);
  for (uint32_t verdict = 0; verdict < STEER_VERDICT_COUNT; ++verdict) {
    EXPECT_EQ(Counter(verdict), verdict == row.counter ? 1u : 0u) << "counter " << verdict;
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, SteerTest, testing::ValuesIn(Rows()));

TEST_P(SteerTest, VerdictIsTheSameWhereTheAddressStandsNear) {
  const Row& row = GetParam();
  PutSettings({.flags = row.flags, .near_v4 = {0, Word(kSubscriber), Word(kLns)}});
  if (row.has_socket) PutSocket();
  EXPECT_EQ(Run(row.in.bytes), row.action);
  EXPECT_EQ(Counter(row.counter), 1u);
}

// Its place in the settings alone decides, so it has to be given up with the address.
TEST_F(Steer, AddressesStandNearWhileThereIsRoom) {
  steer_settings settings{.flags = kAccess};
  const auto run_to = [&](const char* to) {
    PutSettings(settings);
    return Run(Packet::Ethernet(0x0800).Ipv4(kLac, to, kUdp).Ports(1701, 1701).Payload().bytes);
  };
  PutSocket();
  const char* others[] = {"203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4",
                          "203.0.113.5"};
  for (const char* other : others) AddNear(settings, Word(other));
  AddNear(settings, Word(others[0]));
  for (size_t i = 0; i < std::size(others); ++i) {
    EXPECT_EQ(run_to(others[i]), i < LNS_STEER_NEAR_LOCAL ? kXdpRedirect : kXdpPass) << others[i];
  }
  RemoveNear(settings, Word(others[1]));
  EXPECT_EQ(run_to(others[0]), kXdpRedirect);
  EXPECT_EQ(run_to(others[1]), kXdpPass);
  AddNear(settings, Word(others[4]));
  EXPECT_EQ(run_to(others[4]), kXdpRedirect);
  EXPECT_EQ(run_to(kLns), kXdpRedirect) << "by the map";
}

// Cut anywhere a packet must be judged without a read past its end (the verifier proves that) and
// never be redirected without its destination and ports.
TEST_P(SteerTest, EveryTruncationOfItIsSafe) {
  const Row& row = GetParam();
  PutSettings({.flags = row.flags});
  PutSocket();
  uint32_t runs = 0;
  for (size_t size = 14; size < row.in.bytes.size(); ++size) {
    const uint32_t action = Run(ByteView(row.in.bytes).first(size));
    EXPECT_TRUE(action == kXdpDrop || action == kXdpPass || action == kXdpRedirect);
    if (size < 34) {
      EXPECT_EQ(action, kXdpPass) << "no whole IP header in " << size << " bytes";
    }
    ++runs;
  }
  uint64_t counted = 0;
  for (uint32_t verdict = 0; verdict < STEER_VERDICT_COUNT; ++verdict) counted += Counter(verdict);
  EXPECT_EQ(counted, runs) << "every packet is counted exactly once";
}

}  // namespace
}  // namespace lns::dataplane
