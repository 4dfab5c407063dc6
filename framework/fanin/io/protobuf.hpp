#pragma once
#include <cstdint>

#include <fanin/io/dtype.hpp>

namespace fanin::io::protobuf {

/// How a field's value is written.
enum class Wire : std::uint64_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

/// A message in protobuf's wire format (https://protobuf.dev/programming-guides/encoding), field by field.
class Fields {
 public:
  /// Before the first field of a message.
  explicit Fields(Bytes message) : message_(message) {}

  std::uint64_t number = 0;  ///< of the field that `next` found
  Wire wire = Wire::varint;  ///< its kind
  std::uint64_t value = 0;   ///< of a varint
  Bytes bytes{};             ///< of any other

  bool done() const { return at_ == message_.size(); }  ///< whether nothing is left
  /// Goes to the next field; false where the message is malformed.
  bool next() {
    std::uint64_t tag = 0;
    if (!varint(tag)) return false;
    number = tag >> 3;
    wire = static_cast<Wire>(tag & 7);
    std::uint64_t size = 0;
    switch (wire) {
      case Wire::varint:
        return number > 0 && varint(value);
      case Wire::fixed64:
        size = 8;
        break;
      case Wire::fixed32:
        size = 4;
        break;
      case Wire::bytes:
        if (!varint(size)) return false;
        break;
      default:
        return false;  // groups, which none of the formats here has
    }
    if (number == 0 || size > message_.size() - at_) return false;
    bytes = message_.subspan(at_, size);
    at_ += size;
    return true;
  }
  /// The next bytes as a varint; false where they are none of at most 64 bits.
  bool varint(std::uint64_t& out) {
    out = 0;
    for (unsigned shift = 0; shift < 64 && at_ < message_.size(); shift += 7) {
      const auto byte = std::to_integer<std::uint64_t>(message_[at_++]);
      out |= (byte & 0x7f) << shift;
      if (byte < 0x80) return shift < 63 || byte <= 1;
    }
    return false;
  }

 private:
  Bytes message_;
  std::size_t at_ = 0;
};

}  // namespace fanin::io::protobuf
