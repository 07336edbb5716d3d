// The attributes this product speaks of by name, with the document that defines each. Names of
// others, and of values, come from dictionary files (dictionary.h) and are for people alone.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#pragma once

#include <cstdint>

#include "lib/radius/packet.h"

namespace lns::radius {

// RFC 2865 5
inline constexpr AttributeId kUserName{0, 1};
inline constexpr AttributeId kUserPassword{0, 2};
inline constexpr AttributeId kChapPassword{0, 3};
inline constexpr AttributeId kNasIpAddress{0, 4};
inline constexpr AttributeId kNasPort{0, 5};
inline constexpr AttributeId kServiceType{0, 6};
inline constexpr AttributeId kFramedProtocol{0, 7};
inline constexpr AttributeId kFramedIpAddress{0, 8};
inline constexpr AttributeId kFramedIpNetmask{0, 9};
inline constexpr AttributeId kFilterId{0, 11};
inline constexpr AttributeId kFramedMtu{0, 12};
inline constexpr AttributeId kReplyMessage{0, 18};
inline constexpr AttributeId kFramedRoute{0, 22};
inline constexpr AttributeId kState{0, 24};
inline constexpr AttributeId kClass{0, 25};
inline constexpr AttributeId kVendorSpecific{0, 26};
inline constexpr AttributeId kSessionTimeout{0, 27};
inline constexpr AttributeId kIdleTimeout{0, 28};
inline constexpr AttributeId kTerminationAction{0, 29};
inline constexpr AttributeId kCalledStationId{0, 30};
inline constexpr AttributeId kCallingStationId{0, 31};
inline constexpr AttributeId kNasIdentifier{0, 32};
inline constexpr AttributeId kProxyState{0, 33};
inline constexpr AttributeId kChapChallenge{0, 60};
inline constexpr AttributeId kNasPortType{0, 61};
inline constexpr AttributeId kPortLimit{0, 62};
// RFC 2866 5
inline constexpr AttributeId kAcctStatusType{0, 40};
inline constexpr AttributeId kAcctDelayTime{0, 41};
inline constexpr AttributeId kAcctInputOctets{0, 42};
inline constexpr AttributeId kAcctOutputOctets{0, 43};
inline constexpr AttributeId kAcctSessionId{0, 44};
inline constexpr AttributeId kAcctAuthentic{0, 45};
inline constexpr AttributeId kAcctSessionTime{0, 46};
inline constexpr AttributeId kAcctInputPackets{0, 47};
inline constexpr AttributeId kAcctOutputPackets{0, 48};
inline constexpr AttributeId kAcctTerminateCause{0, 49};
inline constexpr AttributeId kAcctMultiSessionId{0, 50};
inline constexpr AttributeId kAcctLinkCount{0, 51};
// RFC 2868 3 and RFC 2867 4
inline constexpr AttributeId kTunnelType{0, 64};
inline constexpr AttributeId kTunnelMediumType{0, 65};
inline constexpr AttributeId kTunnelClientEndpoint{0, 66};
inline constexpr AttributeId kTunnelServerEndpoint{0, 67};
inline constexpr AttributeId kAcctTunnelConnection{0, 68};
inline constexpr AttributeId kTunnelPassword{0, 69};
inline constexpr AttributeId kTunnelPrivateGroupId{0, 81};
inline constexpr AttributeId kTunnelAssignmentId{0, 82};
inline constexpr AttributeId kTunnelPreference{0, 83};
inline constexpr AttributeId kAcctTunnelPacketsLost{0, 86};
inline constexpr AttributeId kTunnelClientAuthId{0, 90};
inline constexpr AttributeId kTunnelServerAuthId{0, 91};
// RFC 2869 5
inline constexpr AttributeId kAcctInputGigawords{0, 52};
inline constexpr AttributeId kAcctOutputGigawords{0, 53};
inline constexpr AttributeId kEventTimestamp{0, 55};
inline constexpr AttributeId kConnectInfo{0, 77};
inline constexpr AttributeId kMessageAuthenticator{0, 80};
inline constexpr AttributeId kAcctInterimInterval{0, 85};
inline constexpr AttributeId kNasPortId{0, 87};
inline constexpr AttributeId kFramedPool{0, 88};
// RFC 3162 2
inline constexpr AttributeId kNasIpv6Address{0, 95};
inline constexpr AttributeId kFramedInterfaceId{0, 96};
inline constexpr AttributeId kFramedIpv6Prefix{0, 97};
inline constexpr AttributeId kFramedIpv6Route{0, 99};
inline constexpr AttributeId kFramedIpv6Pool{0, 100};
// RFC 5176 3.5
inline constexpr AttributeId kErrorCause{0, 101};
// RFC 4818 3
inline constexpr AttributeId kDelegatedIpv6Prefix{0, 123};
// RFC 6911 3
inline constexpr AttributeId kFramedIpv6Address{0, 168};
inline constexpr AttributeId kDnsServerIpv6Address{0, 169};
inline constexpr AttributeId kRouteIpv6Information{0, 170};
inline constexpr AttributeId kDelegatedIpv6PrefixPool{0, 171};
inline constexpr AttributeId kStatefulIpv6AddressPool{0, 172};

// RFC 2548 2
inline constexpr uint32_t kVendorMicrosoft = 311;
inline constexpr AttributeId kMsChapResponse{kVendorMicrosoft, 1};
inline constexpr AttributeId kMsChapError{kVendorMicrosoft, 2};
inline constexpr AttributeId kMsChapChallenge{kVendorMicrosoft, 11};
inline constexpr AttributeId kMsChapMppeKeys{kVendorMicrosoft, 12};
inline constexpr AttributeId kMsMppeSendKey{kVendorMicrosoft, 16};
inline constexpr AttributeId kMsMppeRecvKey{kVendorMicrosoft, 17};
inline constexpr AttributeId kMsChap2Response{kVendorMicrosoft, 25};
inline constexpr AttributeId kMsChap2Success{kVendorMicrosoft, 26};
inline constexpr AttributeId kMsPrimaryDnsServer{kVendorMicrosoft, 28};
inline constexpr AttributeId kMsSecondaryDnsServer{kVendorMicrosoft, 29};

// RFC 4679, the Broadband Forum's, in which RFC 5515's values reach the server.
inline constexpr uint32_t kVendorBroadbandForum = 3561;
inline constexpr AttributeId kAgentCircuitId{kVendorBroadbandForum, 1};
inline constexpr AttributeId kAgentRemoteId{kVendorBroadbandForum, 2};
inline constexpr AttributeId kActualDataRateUpstream{kVendorBroadbandForum, 129};
inline constexpr AttributeId kActualDataRateDownstream{kVendorBroadbandForum, 130};
inline constexpr AttributeId kMinimumDataRateUpstream{kVendorBroadbandForum, 131};
inline constexpr AttributeId kMinimumDataRateDownstream{kVendorBroadbandForum, 132};
inline constexpr AttributeId kAttainableDataRateUpstream{kVendorBroadbandForum, 133};
inline constexpr AttributeId kAttainableDataRateDownstream{kVendorBroadbandForum, 134};
inline constexpr AttributeId kMaximumDataRateUpstream{kVendorBroadbandForum, 135};
inline constexpr AttributeId kMaximumDataRateDownstream{kVendorBroadbandForum, 136};
inline constexpr AttributeId kMinimumDataRateUpstreamLowPower{kVendorBroadbandForum, 137};
inline constexpr AttributeId kMinimumDataRateDownstreamLowPower{kVendorBroadbandForum, 138};
inline constexpr AttributeId kMaximumInterleavingDelayUpstream{kVendorBroadbandForum, 139};
inline constexpr AttributeId kActualInterleavingDelayUpstream{kVendorBroadbandForum, 140};
inline constexpr AttributeId kMaximumInterleavingDelayDownstream{kVendorBroadbandForum, 141};
inline constexpr AttributeId kActualInterleavingDelayDownstream{kVendorBroadbandForum, 142};
inline constexpr AttributeId kAccessLoopEncapsulation{kVendorBroadbandForum, 144};
inline constexpr AttributeId kIwfSession{kVendorBroadbandForum, 254};

// WISPr, the most widely written names for a subscriber's rates, in bit/s.
inline constexpr uint32_t kVendorWispr = 14122;
inline constexpr AttributeId kWisprRedirectionUrl{kVendorWispr, 4};
inline constexpr AttributeId kWisprBandwidthMaxUp{kVendorWispr, 7};
inline constexpr AttributeId kWisprBandwidthMaxDown{kVendorWispr, 8};

// Where the RFCs have no word for it.
inline constexpr AttributeId kCiscoAvPair{9, 1};
inline constexpr AttributeId kErxVirtualRouterName{4874, 1};
inline constexpr AttributeId kMikrotikTotalLimit{14988, 17};
inline constexpr AttributeId kMikrotikTotalLimitGigawords{14988, 18};

// Values.
inline constexpr uint32_t kServiceTypeFramed = 2;
inline constexpr uint32_t kServiceTypeAuthorizeOnly = 17;
inline constexpr uint32_t kFramedProtocolPpp = 1;
inline constexpr uint32_t kAcctAuthenticRadius = 1;
inline constexpr uint32_t kAcctAuthenticLocal = 2;
inline constexpr uint32_t kNasPortTypeVirtual = 5;
inline constexpr uint32_t kTunnelTypeL2tp = 3;
inline constexpr uint32_t kTunnelMediumIpv4 = 1;
inline constexpr uint32_t kTunnelMediumIpv6 = 2;

}  // namespace lns::radius
