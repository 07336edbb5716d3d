// The DHCPv6 server of one session (RFC 8415 18.3): which prefixes and addresses its clients have,
// until when, and the answer to each message. A prefix is leased from the pools when it is offered,
// kept for kOfferTime, and becomes the session's when it is asked for. Bindings are known by client
// (a hash of its DUID) and IAID. Addresses are those AAA names, or of the pools it names, else of
// the session's link prefix, and where it has none, of the first pool of addresses.
// Sans-IO; belongs to an Ipv6Service.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "controlplane/address/address_book.h"
#include "controlplane/ipv6/environment.h"
#include "lib/base/time.h"
#include "lib/dhcpv6/message.h"
#include "lib/net/address.h"

namespace lns::controlplane {

class Dhcpv6Server {
 public:
  static constexpr size_t kMaxBindings = 8;
  static constexpr Duration kOfferTime = Duration::Seconds(60);

  struct Binding {
    dhcpv6::IaKind kind = dhcpv6::IaKind::kPrefix;
    bool committed = false;  // else only offered
    uint32_t client = 0;
    uint32_t iaid = 0;
    Lease lease = {};       // not held by the book where it lies in the link's prefix
    bool leased = true;     // from the book
    bool declined = false;  // somebody else uses it
    Instant expires = {};
  };

  // What is to be said; nullopt: nothing. `links`: the session's own prefixes. `by_multicast`:
  // how the message came.
  std::optional<dhcpv6::Message> Answer(const dhcpv6::Message& message, bool by_multicast,
                                        std::span<const Lease> links, const Ipv6Environment& around,
                                        Ipv6Output& out);
  void Expire(const Ipv6Environment& around, Ipv6Output& out);
  Instant NextDeadline() const;
  // Everything goes back.
  void ReleaseAll(const Ipv6Environment& around);

  const std::vector<Binding>& bindings() const { return bindings_; }

 private:
  struct Asked {
    const dhcpv6::Association& association;
    uint32_t client = 0;
  };

  void AnswerAssociations(const dhcpv6::Message& message, std::span<const Lease> links,
                          const Ipv6Environment& around, dhcpv6::Message& reply, Ipv6Output& out);
  dhcpv6::Association Assign(const Asked& asked, bool commit, std::span<const Lease> links,
                             const Ipv6Environment& around, Ipv6Output& out);
  dhcpv6::Association Extend(const Asked& asked, const Ipv6Environment& around, Ipv6Output& out);
  dhcpv6::Association Forget(const Asked& asked, bool declined, const Ipv6Environment& around,
                             Ipv6Output& out);
  dhcpv6::Association Granted(Binding& binding, const Ipv6Environment& around);
  void Commit(Binding& binding, Ipv6Output& out);
  std::optional<Binding> Make(const Asked& asked, std::span<const Lease> links,
                              const Ipv6Environment& around);
  std::optional<Lease> LeasePrefix(const Asked& asked, const Ipv6Environment& around);
  bool ChooseAddress(const Asked& asked, std::span<const Lease> links,
                     const Ipv6Environment& around, Binding& binding);
  net::IpPrefix NextOfLink(const net::IpPrefix& link) const;
  std::optional<dhcpv6::Status> Confirmation(const dhcpv6::Message& message,
                                             std::span<const Lease> links) const;
  bool IsGiven(const net::IpPrefix& prefix) const;
  void End(size_t index, const Ipv6Environment& around, Ipv6Output& out);
  Binding* Find(const Asked& asked);
  size_t CountOf(dhcpv6::IaKind kind) const;

  std::vector<Binding> bindings_;
  uint16_t declined_ = 0;  // addresses of the link's prefix somebody else uses: passed over
};

}  // namespace lns::controlplane
