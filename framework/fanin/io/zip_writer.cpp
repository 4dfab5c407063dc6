#include <algorithm>
#include <string_view>

#include <fanin/io/zip_format.hpp>
#include <fanin/io/zip_writer.hpp>

namespace fanin::io {
namespace {

using namespace zip_format;

/// Little-endian fields, one after the other.
class Record {
 public:
  Record& u16(std::uint64_t value) { return append(static_cast<std::uint16_t>(value)); }
  Record& u32(std::uint64_t value) { return append(static_cast<std::uint32_t>(value)); }
  Record& u64(std::uint64_t value) { return append(value); }
  Record& string(std::string_view value) {
    bytes_ += value;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  template <class T>
  Record& append(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  std::string bytes_;
};

constexpr std::uint64_t large = 0xffffffffu;
constexpr std::uint64_t new_year_1980 = 0x21;  // no clock: the same weights give the same file

}  // namespace

void ZipWriter::begin(const std::string& name, std::uint64_t size, std::uint32_t crc) {
  members_.push_back({name, size, out_.written(), crc});
  const bool zip64 = size >= large;
  Record header;
  header.u32(local_magic).u16(zip64 ? 45 : 20).u16(0x800).u16(0).u16(0).u16(new_year_1980).u32(crc);
  header.u32(zip64 ? large : size)
      .u32(zip64 ? large : size)
      .u16(name.size())
      .u16(zip64 ? 20 : 0)
      .string(name);
  if (zip64) header.u16(1).u16(16).u64(size).u64(size);
  out_.write(header.bytes());
}

void ZipWriter::finish() {
  const std::uint64_t offset = out_.written();
  for (const Member& member : members_) {
    const bool big = member.size >= large, far = member.offset >= large;
    Record extra;
    if (big) extra.u64(member.size).u64(member.size);
    if (far) extra.u64(member.offset);
    const std::size_t extra_bytes = extra.bytes().size();
    Record record;
    record.u32(directory_magic).u16(45).u16(45).u16(0x800).u16(0).u16(0).u16(new_year_1980).u32(member.crc);
    record.u32(big ? large : member.size).u32(big ? large : member.size).u16(member.name.size());
    record.u16(extra_bytes > 0 ? extra_bytes + 4 : 0)
        .u16(0)
        .u16(0)
        .u16(0)
        .u32(0)
        .u32(far ? large : member.offset);
    record.string(member.name);
    if (extra_bytes > 0) record.u16(1).u16(extra_bytes).string(extra.bytes());
    out_.write(record.bytes());
  }
  const std::uint64_t end = out_.written(), count = members_.size();
  Record record;
  if (count >= 0xffff || end >= large) {
    record.u32(end64_magic).u64(end64_bytes - 12).u16(45).u16(45).u32(0).u32(0).u64(count).u64(count);
    record.u64(end - offset).u64(offset);
    record.u32(locator64_magic).u32(0).u64(end).u32(1);
  }
  const std::uint64_t few = std::min<std::uint64_t>(count, 0xffff);
  record.u32(end_magic)
      .u16(0)
      .u16(0)
      .u16(few)
      .u16(few)
      .u32(std::min(end - offset, large))
      .u32(std::min(offset, large));
  record.u16(0);
  out_.write(record.bytes());
}

}  // namespace fanin::io
