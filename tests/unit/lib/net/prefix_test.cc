// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include <gtest/gtest.h>

#include "lib/net/domain_name.h"
#include "lib/net/icmpv6.h"
#include "lib/net/prefix.h"

namespace lns::net {
namespace {

IpAddress Address(const char* text) { return *IpAddress::Parse(text); }
IpPrefix Prefix(const char* text) { return *IpPrefix::Parse(text); }

TEST(PrefixTest, TakesTheUpperBitsOfAnAddress) {
  EXPECT_EQ(PrefixOf(Address("2001:db8:ffff:ffff::1"), 41), Prefix("2001:db8:ff80::/41"));
  EXPECT_EQ(PrefixOf(Address("192.0.2.255"), 25), Prefix("192.0.2.128/25"));
  EXPECT_EQ(PrefixOf(Address("192.0.2.255"), 0), Prefix("0.0.0.0/0"));
  EXPECT_EQ(PrefixOf(Address("::1"), 128), Prefix("::1/128"));
}

TEST(PrefixTest, OverlapIsEitherInTheOther) {
  EXPECT_TRUE(Overlap(Prefix("10.0.0.0/8"), Prefix("10.1.0.0/16")));
  EXPECT_TRUE(Overlap(Prefix("10.1.0.0/16"), Prefix("10.0.0.0/8")));
  EXPECT_FALSE(Overlap(Prefix("10.1.0.0/16"), Prefix("10.2.0.0/16")));
  EXPECT_FALSE(Overlap(Prefix("0.0.0.0/0"), Prefix("::/0")));
}

TEST(PrefixTest, NumbersItsPartsBothWays) {
  const IpPrefix whole = Prefix("2001:db8::/40");
  EXPECT_EQ(SubPrefix(whole, 56, 0), Prefix("2001:db8::/56"));
  EXPECT_EQ(SubPrefix(whole, 56, 65535), Prefix("2001:db8:ff:ff00::/56"));
  EXPECT_EQ(SubPrefixNumber(whole, 56, Address("2001:db8:ff:ff12::7")), 65535u);
  EXPECT_EQ(SubPrefix(Prefix("192.0.2.0/24"), 32, 7), Prefix("192.0.2.7/32"));
  EXPECT_EQ(SubPrefixNumber(Prefix("192.0.2.0/24"), 32, Address("192.0.2.7")), 7u);
}

TEST(PrefixTest, JoinsInterfaceIdentifiers) {
  EXPECT_EQ(WithInterfaceId(Prefix("2001:db8:0:1::/64"), 0x1000), Address("2001:db8:0:1::1000"));
  EXPECT_EQ(LinkLocal(0x0123456789abcdef), Address("fe80::123:4567:89ab:cdef"));
}

TEST(DomainNameTest, EncodesAndReadsBack) {
  const auto encoded = EncodeDomainName("lab.example.net.");
  ASSERT_TRUE(encoded);
  EXPECT_EQ(AsText(*encoded), std::string("\3lab\7example\3net\0", 17));
  Reader reader(*encoded);
  EXPECT_EQ(ReadDomainName(reader), "lab.example.net");
  EXPECT_EQ(reader.remaining(), 0u);
}

TEST(DomainNameTest, RefusesWhatIsNoName) {
  EXPECT_FALSE(EncodeDomainName(""));
  EXPECT_FALSE(EncodeDomainName("a..b"));
  EXPECT_FALSE(EncodeDomainName("a b"));
  EXPECT_FALSE(EncodeDomainName(std::string(64, 'a')));
  std::string longest;
  for (int i = 0; i < 130; ++i) longest += "a.";
  EXPECT_FALSE(EncodeDomainName(longest));
}

TEST(DomainNameTest, ReadsNoPointersAndNothingPastTheEnd) {
  for (const Bytes& bytes : {Bytes{0xc0, 0x00}, Bytes{3, 'a', 'b'}, Bytes{1, 'a'}, Bytes{}}) {
    Reader reader(bytes);
    EXPECT_FALSE(ReadDomainName(reader));
  }
  Bytes endless;
  for (int i = 0; i < 200; ++i) endless.insert(endless.end(), {1, 'a'});
  Reader reader(endless);
  EXPECT_FALSE(ReadDomainName(reader));
}

// An Echo Request and its checksum as another implementation computed it (scapy 2.5).
TEST(Icmpv6Test, ChecksumIsThatOfOthers) {
  const Bytes message = {128, 0, 0, 0, 0x12, 0x34, 0x00, 0x01, 'h', 'i', '!'};
  Ipv6Header header{.next_header = kProtocolIcmpv6, .hop_limit = 64};
  header.source = Address("2001:db8::1").raw();
  header.destination = Address("2001:db8::2").raw();
  const Bytes packet = MakeIpv6Packet(header, message, kIcmpv6ChecksumOffset);
  ASSERT_EQ(packet.size(), kIpv6HeaderLength + message.size());
  EXPECT_EQ(LoadBe16(packet.data() + 4), message.size());
  EXPECT_EQ(LoadBe16(packet.data() + 42), 0x88a6);
  EXPECT_EQ(TransportChecksum(AddressesOfIpv6(packet), kProtocolIcmpv6,
                              ByteView(packet).subspan(kIpv6HeaderLength)),
            0);
}

}  // namespace
}  // namespace lns::net
