// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/ipv6/dhcpv6_server.h"

#include <algorithm>
#include <utility>

#include "lib/net/prefix.h"

namespace lns::controlplane {
namespace {

using dhcpv6::Association;
using dhcpv6::IaKind;
using dhcpv6::Message;
using dhcpv6::MessageType;
using dhcpv6::Status;
using dhcpv6::StatusCode;

// Addresses by DHCPv6 in the link's prefix begin here: no interface identifier that a host would
// make up by itself.
constexpr uint64_t kFirstInterfaceId = 0x1000;
constexpr uint32_t kRefreshSeconds = 86400;  // RFC 8415 21.23

uint32_t Seconds(Duration time) { return static_cast<uint32_t>(time.milliseconds() / 1000); }

// A user's own goes with the name; who has none is known by the client.
AddressBook::User UserOf(const Ipv6Environment& around, uint32_t client, uint32_t iaid) {
  return around.user_name.empty() ? client ^ iaid : UserHash(around.user_name, iaid);
}

bool IsOnLink(const net::IpPrefix& prefix, std::span<const Lease> links) {
  return std::any_of(links.begin(), links.end(),
                     [&](const Lease& link) { return link.prefix.Contains(prefix.address); });
}

Association Refused(const Association& asked, StatusCode code, const char* text) {
  return {.kind = asked.kind, .iaid = asked.iaid, .status = Status{code, text}};
}

// RFC 8415 18.3.4: what the client believes to have and does not, with lifetimes of zero.
void AddStale(const Association& asked, const net::IpPrefix& kept, Association& reply) {
  for (const dhcpv6::LeaseOption& lease : asked.leases) {
    if (lease.prefix != kept) reply.leases.push_back({.prefix = lease.prefix});
  }
}

bool CommitsBindings(const Message& message, const Ipv6Settings& settings) {
  return message.type == MessageType::kRequest ||
         (message.type == MessageType::kSolicit && message.rapid_commit && settings.rapid_commit);
}

void AddSettings(const Message& message, const Ipv6Environment& around, Message& reply) {
  const auto dns = around.dns();
  if (message.Requests(dhcpv6::kOptionDnsServers)) reply.dns.assign(dns.begin(), dns.end());
  if (message.Requests(dhcpv6::kOptionDomainList)) reply.domains = around.settings.search;
  if (message.type == MessageType::kInformationRequest &&
      message.Requests(dhcpv6::kOptionInformationRefresh)) {
    reply.refresh_s = kRefreshSeconds;
  }
}

}  // namespace

std::optional<Message> Dhcpv6Server::Answer(const Message& message, bool by_multicast,
                                            std::span<const Lease> links,
                                            const Ipv6Environment& around, Ipv6Output& out) {
  if (!dhcpv6::MayServerTake(message, around.settings.server_duid)) {
    out.Count(Ipv6Event::kDhcpUnfit);
    return std::nullopt;
  }
  const bool advertises =
      message.type == MessageType::kSolicit && !CommitsBindings(message, around.settings);
  Message reply{.type = advertises ? MessageType::kAdvertise : MessageType::kReply,
                .transaction_id = message.transaction_id,
                .client_id = message.client_id,
                .server_id = around.settings.server_duid};
  if (!by_multicast) {
    // RFC 8415 18.4: nobody was told to use unicast; Solicit and the like are dropped (16).
    if (message.server_id.empty()) {
      out.Count(Ipv6Event::kDhcpUnfit);
      return std::nullopt;
    }
    reply.status = Status{StatusCode::kUseMulticast, "use multicast"};
    return reply;
  }
  reply.rapid_commit = message.type == MessageType::kSolicit && !advertises;
  if (message.type == MessageType::kConfirm) {
    reply.status = Confirmation(message, links);
    if (!reply.status) return std::nullopt;
  } else {
    AnswerAssociations(message, links, around, reply, out);
  }
  AddSettings(message, around, reply);
  out.Count(advertises ? Ipv6Event::kDhcpAdvertise : Ipv6Event::kDhcpReply);
  return reply;
}

// RFC 8415 18.3.3: whether all the addresses fit this link; nullopt: there is none to judge.
std::optional<Status> Dhcpv6Server::Confirmation(const Message& message,
                                                 std::span<const Lease> links) const {
  bool any = false;
  for (const Association& association : message.associations) {
    if (association.kind != IaKind::kAddress) continue;
    for (const dhcpv6::LeaseOption& lease : association.leases) {
      any = true;
      if (IsOnLink(lease.prefix, links) || IsGiven(lease.prefix)) continue;
      return Status{StatusCode::kNotOnLink, "not on this link"};
    }
  }
  if (!any) return std::nullopt;
  return Status{StatusCode::kSuccess, ""};
}

void Dhcpv6Server::AnswerAssociations(const Message& message, std::span<const Lease> links,
                                      const Ipv6Environment& around, Message& reply,
                                      Ipv6Output& out) {
  const uint32_t client = UserHash(AsText(message.client_id));
  for (const Association& association : message.associations) {
    const Asked asked{association, client};
    switch (message.type) {
      case MessageType::kSolicit:
      case MessageType::kRequest:
        reply.associations.push_back(
            Assign(asked, CommitsBindings(message, around.settings), links, around, out));
        break;
      case MessageType::kRenew:
      case MessageType::kRebind:
        reply.associations.push_back(Extend(asked, around, out));
        break;
      case MessageType::kRelease:
      case MessageType::kDecline:
        // RFC 8415 18.3.7, 18.3.8: only those that are unknown are named.
        if (Association told = Forget(asked, message.type == MessageType::kDecline, around, out);
            told.status) {
          reply.associations.push_back(std::move(told));
        }
        break;
      default:
        break;
    }
  }
  if (message.type == MessageType::kRelease || message.type == MessageType::kDecline) {
    reply.status = Status{StatusCode::kSuccess, ""};
  }
}

Association Dhcpv6Server::Assign(const Asked& asked, bool commit, std::span<const Lease> links,
                                 const Ipv6Environment& around, Ipv6Output& out) {
  Binding* binding = Find(asked);
  if (binding == nullptr) {
    std::optional<Binding> made = Make(asked, links, around);
    if (!made && asked.association.kind == IaKind::kPrefix) {
      out.Count(Ipv6Event::kNoPrefix);
      return Refused(asked.association, StatusCode::kNoPrefixAvail, "no prefix is free");
    }
    if (!made) {
      out.Count(Ipv6Event::kNoAddress);
      return Refused(asked.association, StatusCode::kNoAddrsAvail, "no address is free");
    }
    binding = &bindings_.emplace_back(*made);
  }
  if (commit) Commit(*binding, out);
  return Granted(*binding, around);
}

// RFC 8415 18.3.4, 18.3.5.
Association Dhcpv6Server::Extend(const Asked& asked, const Ipv6Environment& around,
                                 Ipv6Output& out) {
  Binding* binding = Find(asked);
  if (binding == nullptr || !binding->committed) {
    out.Count(Ipv6Event::kNoBinding);
    Association reply = Refused(asked.association, StatusCode::kNoBinding, "not known here");
    return reply;
  }
  Association reply = Granted(*binding, around);
  AddStale(asked.association, binding->lease.prefix, reply);
  return reply;
}

// With a status: there was nothing to forget.
Association Dhcpv6Server::Forget(const Asked& asked, bool declined, const Ipv6Environment& around,
                                 Ipv6Output& out) {
  Binding* binding = Find(asked);
  if (binding == nullptr) {
    out.Count(Ipv6Event::kNoBinding);
    return Refused(asked.association, StatusCode::kNoBinding, "not known here");
  }
  binding->declined = declined;
  if (declined && !binding->leased) ++declined_;
  End(static_cast<size_t>(binding - bindings_.data()), around, out);
  return {};
}

Association Dhcpv6Server::Granted(Binding& binding, const Ipv6Environment& around) {
  const Ipv6Settings& settings = around.settings;
  binding.expires = around.now + (binding.committed ? settings.lease_valid : kOfferTime);
  const uint32_t preferred_s = Seconds(settings.lease_preferred);
  // RFC 8415 21.4: half and four fifths of the shortest preferred lifetime are recommended.
  return {.kind = binding.kind,
          .iaid = binding.iaid,
          .t1_s = preferred_s / 2,
          .t2_s = preferred_s / 5 * 4,
          .leases = {{.prefix = binding.lease.prefix,
                      .preferred_s = preferred_s,
                      .valid_s = Seconds(settings.lease_valid)}}};
}

void Dhcpv6Server::Commit(Binding& binding, Ipv6Output& out) {
  if (std::exchange(binding.committed, true)) return;
  out.holdings_changed = true;
  if (binding.leased) out.prefixes_added = true;
  if (binding.kind == IaKind::kPrefix) out.Count(Ipv6Event::kDelegated);
}

std::optional<Dhcpv6Server::Binding> Dhcpv6Server::Make(const Asked& asked,
                                                        std::span<const Lease> links,
                                                        const Ipv6Environment& around) {
  if (bindings_.size() >= kMaxBindings) return std::nullopt;
  Binding binding{
      .kind = asked.association.kind, .client = asked.client, .iaid = asked.association.iaid};
  if (binding.kind == IaKind::kPrefix) {
    const std::optional<Lease> lease = LeasePrefix(asked, around);
    if (!lease) return std::nullopt;
    binding.lease = *lease;
    return binding;
  }
  if (!ChooseAddress(asked, links, around, binding)) return std::nullopt;
  return binding;
}

// False: there is none to give.
bool Dhcpv6Server::ChooseAddress(const Asked& asked, std::span<const Lease> links,
                                 const Ipv6Environment& around, Binding& binding) {
  for (const net::IpAddress& address : around.terms.addresses) {
    const net::IpPrefix fixed = net::IpPrefix::Host(address);
    if (IsGiven(fixed)) continue;
    binding.leased = !IsOnLink(fixed, links);
    if (!binding.leased) {
      binding.lease.prefix = fixed;
      return true;
    }
    const auto lease = around.book.Take(fixed, around.owner);
    if (lease.ok()) binding.lease = *lease;
    return lease.ok();
  }
  const auto link = std::find_if(links.begin(), links.end(), [](const Lease& each) {
    return each.prefix.length == kLinkPrefixLength;
  });
  if (around.terms.address_pools.empty() && link != links.end()) {
    binding.lease.prefix = NextOfLink(link->prefix);
    binding.leased = false;
    return true;
  }
  const auto lease =
      around.book.Allocate(PoolUse::kHostAddress, around.terms.address_pools, around.owner,
                           UserOf(around, asked.client, asked.association.iaid));
  if (lease.ok()) binding.lease = *lease;
  return lease.ok();
}

net::IpPrefix Dhcpv6Server::NextOfLink(const net::IpPrefix& link) const {
  // Those in use are few, so one of the next is free.
  uint64_t interface_id = kFirstInterfaceId + declined_;
  const auto address = [&] {
    return net::IpPrefix::Host(net::WithInterfaceId(link, interface_id));
  };
  while (IsGiven(address())) ++interface_id;
  return address();
}

std::optional<Lease> Dhcpv6Server::LeasePrefix(const Asked& asked, const Ipv6Environment& around) {
  if (CountOf(IaKind::kPrefix) >= around.settings.max_delegations) return std::nullopt;
  for (const net::IpPrefix& fixed : around.terms.delegated_prefixes) {
    if (IsGiven(fixed)) continue;
    const auto lease = around.book.Take(fixed, around.owner);
    if (lease.ok()) return *lease;
  }
  // Who has prefixes of their own gets no others unless AAA names where from.
  const bool fixed_only =
      !around.terms.delegated_prefixes.empty() && around.terms.delegated_pools.empty();
  if (fixed_only) return std::nullopt;
  const auto lease =
      around.book.Allocate(PoolUse::kDelegation, around.terms.delegated_pools, around.owner,
                           UserOf(around, asked.client, asked.association.iaid));
  if (!lease.ok()) return std::nullopt;
  return *lease;
}

void Dhcpv6Server::Expire(const Ipv6Environment& around, Ipv6Output& out) {
  for (size_t i = bindings_.size(); i-- > 0;) {
    if (bindings_[i].expires <= around.now) End(i, around, out);
  }
}

Instant Dhcpv6Server::NextDeadline() const {
  Instant next = Instant::Never();
  for (const Binding& binding : bindings_) next = std::min(next, binding.expires);
  return next;
}

void Dhcpv6Server::ReleaseAll(const Ipv6Environment& around) {
  Ipv6Output nobody_listens;
  while (!bindings_.empty()) End(bindings_.size() - 1, around, nobody_listens);
}

void Dhcpv6Server::End(size_t index, const Ipv6Environment& around, Ipv6Output& out) {
  const Binding binding = bindings_[index];
  bindings_.erase(bindings_.begin() + static_cast<ptrdiff_t>(index));
  if (binding.leased) {
    // What was declined is not kept for who declined it: it is the last that goes out again.
    const AddressBook::User user =
        binding.declined ? 0 : UserOf(around, binding.client, binding.iaid);
    around.book.Free(binding.lease, user);
    if (binding.committed) out.prefixes_removed = true;
  }
  if (!binding.committed) return;
  out.holdings_changed = true;
  if (binding.kind == IaKind::kPrefix) out.Count(Ipv6Event::kDelegationEnded);
}

Dhcpv6Server::Binding* Dhcpv6Server::Find(const Asked& asked) {
  const auto it = std::find_if(bindings_.begin(), bindings_.end(), [&](const Binding& binding) {
    return binding.kind == asked.association.kind && binding.client == asked.client &&
           binding.iaid == asked.association.iaid;
  });
  return it == bindings_.end() ? nullptr : &*it;
}

bool Dhcpv6Server::IsGiven(const net::IpPrefix& prefix) const {
  return std::any_of(bindings_.begin(), bindings_.end(),
                     [&](const Binding& binding) { return binding.lease.prefix == prefix; });
}

size_t Dhcpv6Server::CountOf(IaKind kind) const {
  return static_cast<size_t>(std::count_if(bindings_.begin(), bindings_.end(),
                                           [kind](const Binding& b) { return b.kind == kind; }));
}

}  // namespace lns::controlplane
