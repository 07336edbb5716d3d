// The AVP reader on any bytes, and hidden values under a fixed secret: every value lies within the
// input, written AVPs read back, and what unhides hides to something that unhides to the same.
// SPDX-License-Identifier: Apache-2.0
// Copyright The Terminus Authors
#include "lib/base/check.h"
#include "lib/l2tp/avp.h"
#include "lib/l2tp/avp_hiding.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace lns;
  constexpr char kSecret[] = "fuzz";
  ByteView random_vector;
  l2tp::AvpReader reader(ByteView(data, size));
  l2tp::Avp avp;
  size_t consumed = 0;
  while (reader.Next(avp)) {
    consumed += l2tp::kAvpHeaderLength + avp.value.size();
    LNS_CHECK(consumed <= size);
    LNS_CHECK(avp.value.data() + avp.value.size() == data + consumed);
    Bytes written;
    l2tp::AppendAvp(written, avp);
    l2tp::AvpReader again(written);
    l2tp::Avp copy;
    LNS_CHECK(again.Next(copy) && copy.type == avp.type && copy.vendor == avp.vendor);
    LNS_CHECK(copy.mandatory == avp.mandatory && copy.hidden == avp.hidden);
    if (avp.type == 36 && !avp.hidden) random_vector = avp.value;
    if (!avp.hidden || random_vector.empty()) continue;
    const auto clear = l2tp::UnhideValue(avp.type, kSecret, random_vector, avp.value);
    if (!clear) continue;
    LNS_CHECK(clear->size() + l2tp::kHiddenLengthField <= avp.value.size());
    const Bytes hidden = l2tp::HideValue(avp.type, kSecret, random_vector, *clear, {});
    LNS_CHECK(l2tp::UnhideValue(avp.type, kSecret, random_vector, hidden) == clear);
  }
  LNS_CHECK(reader.malformed() || consumed == size);
  return 0;
}
