// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/ppp/authentication.h"

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "lib/ppp/append_action.h"

namespace lns::ppp {

void Authentication::Begin(AuthProtocol protocol, const LinkSettings& settings, Rng& rng,
                           Instant now, LinkActions& out) {
  const bool server = settings.role == Role::kServer;
  switch (protocol) {
    case AuthProtocol::kNone:
      engine_.emplace<std::monostate>();
      verdict_awaited_ = true;
      Append(out, AuthenticationNeeded{.protocol = AuthProtocol::kNone});
      return;
    case AuthProtocol::kPap:
      if (server) {
        engine_.emplace<PapAuthenticator>();
      } else {
        engine_.emplace<PapPeer>(settings, *credentials_).Start(now, out);
      }
      return;
    case AuthProtocol::kChapMd5:
    case AuthProtocol::kMsChapV1:
    case AuthProtocol::kMsChapV2:
      if (server) {
        engine_.emplace<ChapAuthenticator>(protocol, settings, rng).Start(now, out);
      } else {
        engine_.emplace<ChapPeer>(protocol, settings, *credentials_, rng).Start(now, out);
      }
      return;
  }
}

// The packets that may still come, and the answer that goes out, are of the protocol agreed on; a
// login in clear text before there was PPP (RFC 2661 4.4.5, type 1) has none.
void Authentication::BeginProxied(AuthProtocol protocol, AuthenticationNeeded question,
                                  const LinkSettings& settings, Rng& rng, LinkActions& out) {
  if (IsChap(protocol)) {
    engine_.emplace<ChapAuthenticator>(protocol, settings, rng)
        .Adopt(question.identifier, question.user_name);
  } else if (protocol == AuthProtocol::kPap) {
    engine_.emplace<PapAuthenticator>().Adopt(question.identifier);
  } else {
    engine_.emplace<std::monostate>();
  }
  verdict_awaited_ = true;
  Append(out, std::move(question));
}

void Authentication::Reset() {
  verdict_awaited_ = false;
  engine_.emplace<std::monostate>();
}

AuthStep Authentication::OnPacket(const ControlPacket& packet, Instant now, LinkActions& out) {
  const size_t before = out.size();
  AuthStep step = std::visit(
      [&](auto& engine) -> AuthStep {
        if constexpr (std::is_same_v<std::decay_t<decltype(engine)>, std::monostate>) {
          return {};
        } else {
          return engine.OnPacket(packet, now, out);
        }
      },
      engine_);
  verdict_awaited_ |= std::any_of(out.begin() + static_cast<ptrdiff_t>(before), out.end(),
                                  [](const LinkAction& action) {
                                    return std::holds_alternative<AuthenticationNeeded>(action);
                                  });
  return step;
}

bool Authentication::OnVerdict(const AuthenticationVerdict& verdict, Instant now,
                               LinkActions& out) {
  verdict_awaited_ = false;
  if (auto* pap = std::get_if<PapAuthenticator>(&engine_)) {
    pap->OnVerdict(verdict.accepted, verdict.message, out);
  } else if (auto* chap = std::get_if<ChapAuthenticator>(&engine_)) {
    return chap->OnVerdict(verdict, now, out);
  }
  return verdict.accepted;
}

AuthStep Authentication::OnTimer(Instant now, LinkActions& out) {
  return std::visit(
      [&](auto& engine) -> AuthStep {
        if constexpr (std::is_same_v<std::decay_t<decltype(engine)>, std::monostate>) {
          return {};
        } else {
          return engine.NextDeadline() <= now ? engine.OnTimer(now, out) : AuthStep{};
        }
      },
      engine_);
}

Instant Authentication::NextDeadline() const {
  return std::visit(
      [](const auto& engine) {
        if constexpr (std::is_same_v<std::decay_t<decltype(engine)>, std::monostate>) {
          return Instant::Never();
        } else {
          return engine.NextDeadline();
        }
      },
      engine_);
}

}  // namespace lns::ppp
