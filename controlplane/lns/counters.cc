// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "controlplane/lns/counters.h"

namespace lns::controlplane {
namespace {
constexpr const char* kNames[] = {
#define COUNTER(enumerator, name, meaning) "lns." name,
#include "controlplane/lns/counter.def"
#undef COUNTER
};
}  // namespace

std::vector<std::pair<std::string, uint64_t>> Counters::All() const {
  std::vector<std::pair<std::string, uint64_t>> all;
  all.reserve(own_.size() + causes_.size() + l2tp_.size() + ppp_.size() + ipv6_.size());
  for (size_t i = 0; i < own_.size(); ++i) all.emplace_back(kNames[i], own_[i]);
  for (size_t i = 1; i < causes_.size(); ++i) {  // 0 is kNone
    all.emplace_back(std::string("lns.session-closed.") + NameOf(static_cast<CloseCause>(i)),
                     causes_[i]);
  }
  for (size_t i = 0; i < l2tp_.size(); ++i) {
    all.emplace_back(std::string("l2tp.") + ToString(static_cast<l2tp::L2tpEvent>(i)), l2tp_[i]);
  }
  for (size_t i = 0; i < ppp_.size(); ++i) {
    all.emplace_back(std::string("ppp.") + ToString(static_cast<ppp::PppEvent>(i)), ppp_[i]);
  }
  for (size_t i = 0; i < ipv6_.size(); ++i) {
    all.emplace_back(std::string("ipv6.") + ToString(static_cast<Ipv6Event>(i)), ipv6_[i]);
  }
  return all;
}

}  // namespace lns::controlplane
