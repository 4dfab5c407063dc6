#include <libdeflate.h>

#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include <fanin/compare/json_fields.hpp>
#include <fanin/compare/run_bytes.hpp>
#include <fanin/core/fnv1a.hpp>

namespace fanin::compare {
namespace {

/// What is written as it lies in memory. Whole numbers are not: most are counts and sizes, of a byte or two (the
/// varints of Protocol Buffers, seven bits a byte, the sign lowest), and a run takes less than half.
template <class T>
concept Plain = (std::is_arithmetic_v<T> || std::is_enum_v<T>)&&!std::is_same_v<T, Index>;

/// The names of all fields, as they follow one another: what tells bytes of another version.
struct Names {
  std::string all = {};

  template <Plain T>
  void of(const T&) {
    all += static_cast<char>('0' + sizeof(T));
  }
  void of(const std::string&) { all += 's'; }
  void of(Index) { all += 'v'; }
  template <class T>
  void of(const std::optional<T>&) {
    all += '?', of(T{});
  }
  template <class A, class B>
  void of(const std::pair<A, B>&) {
    of(A{}), of(B{});
  }
  template <class T>
  void of(const std::vector<T>&) {
    all += '[', of(T{}), all += ']';
  }
  template <class Bool, class Steps>
  void of(const Sought<Bool, Steps>& sought) {
    of(sought.sought), of(sought.steps);
  }
  template <class T>
  requires std::is_class_v<T>
  void of(const T& value) {
    fields(value, [this](const char* name, const auto& member) {
      all += name;
      of(member);
    });
  }
};

std::uint64_t mark() {
  static const std::uint64_t one = [] {
    Names names;
    names.of(Run{});
    return fnv1a(names.all);
  }();
  return one;
}

struct Writer {
  std::string bytes = {};

  void raw(const void* from, std::size_t size) { bytes.append(static_cast<const char*>(from), size); }
  void count(std::size_t size) { of(static_cast<Index>(size)); }

  void of(Index value) {
    const auto sign = static_cast<std::uint64_t>(value < 0);
    std::uint64_t left = static_cast<std::uint64_t>(value) << 1 ^ (0 - sign);
    for (; left > 127; left >>= 7) bytes += static_cast<char>(left | 128);
    bytes += static_cast<char>(left);
  }
  template <Plain T>
  void of(T value) {
    raw(&value, sizeof value);
  }
  void of(const std::string& text) { count(text.size()), raw(text.data(), text.size()); }
  template <class T>
  void of(const std::optional<T>& value) {
    of(value.has_value());
    if (value) of(*value);
  }
  template <class A, class B>
  void of(const std::pair<A, B>& two) {
    of(two.first), of(two.second);
  }
  template <class T>
  void of(const std::vector<T>& values) {
    count(values.size());
    if constexpr (Plain<T>) {
      raw(values.data(), values.size() * sizeof(T));
    } else {
      for (const T& value : values) of(value);
    }
  }
  template <class Bool, class Steps>
  void of(const Sought<Bool, Steps>& sought) {
    of(sought.sought), of(sought.steps);
  }
  template <class T>
  requires std::is_class_v<T>
  void of(const T& value) {
    fields(value, [this](const char*, const auto& member) { this->of(member); });
  }
};

/// Reads nothing past the end: what is cut short or damaged sets `good` to false.
struct Reader {
  std::string_view left;
  bool good = true;

  bool raw(void* to, std::size_t size) {
    if (size > left.size()) good = false;
    if (!good) return false;
    if (size > 0) std::memcpy(to, left.data(), size);
    left.remove_prefix(size);
    return true;
  }
  /// How many elements follow, each of `least` bytes or more.
  std::size_t count(std::size_t least) {
    Index size = 0;
    of(size);
    if (static_cast<std::uint64_t>(size) > left.size() / least) good = false;
    return good ? static_cast<std::size_t>(size) : 0;
  }

  void of(Index& value) {
    std::uint64_t all = 0;
    for (int shift = 0; good; shift += 7) {
      if (left.empty() || shift > 63) {
        good = false;
        break;
      }
      const auto byte = static_cast<unsigned char>(left.front());
      left.remove_prefix(1);
      all |= static_cast<std::uint64_t>(byte & 127) << shift;
      if (byte < 128) break;
    }
    value = static_cast<Index>(all >> 1 ^ (0 - (all & 1)));
  }
  template <Plain T>
  void of(T& value) {
    raw(&value, sizeof value);
  }
  void of(bool& value) {
    std::uint8_t byte = 0;
    raw(&byte, 1);
    value = byte != 0;
  }
  void of(std::string& text) {
    text.resize(count(1));
    raw(text.data(), text.size());
  }
  template <class T>
  void of(std::optional<T>& value) {
    bool there = false;
    of(there);
    value.reset();
    if (there) of(value.emplace());
  }
  template <class A, class B>
  void of(std::pair<A, B>& two) {
    of(two.first), of(two.second);
  }
  template <class T>
  void of(std::vector<T>& values) {
    if constexpr (Plain<T>) {
      values.resize(count(sizeof(T)));
      raw(values.data(), values.size() * sizeof(T));
    } else {  // each takes more memory than bytes: as many as there are, not as many as are said to be
      values.clear();
      for (std::size_t to_come = count(1); to_come > 0 && good; --to_come) of(values.emplace_back());
    }
  }
  template <class Bool, class Steps>
  void of(Sought<Bool, Steps>& sought) {
    of(sought.sought), of(sought.steps);
  }
  template <class T>
  requires std::is_class_v<T>
  void of(T& value) {
    fields(value, [this](const char*, auto&& member) { this->of(member); });
  }
};

}  // namespace

std::string run_bytes(const Run& run) {
  Writer writer;
  writer.bytes.reserve(1 << 14);
  writer.of(mark());
  writer.of(run);
  writer.of(libdeflate_crc32(0, writer.bytes.data(), writer.bytes.size()));
  return std::move(writer.bytes);
}

bool are_of_a_run(std::string_view bytes) {
  std::uint64_t of = 0;
  return Reader{bytes}.raw(&of, sizeof of) && of == mark();
}

bool are_whole(std::string_view bytes) {
  std::uint32_t sum = 0;
  if (bytes.size() < sizeof sum) return false;
  const std::string_view held = bytes.substr(0, bytes.size() - sizeof sum);
  std::memcpy(&sum, bytes.data() + held.size(), sizeof sum);
  return libdeflate_crc32(0, held.data(), held.size()) == sum;
}

std::optional<Run> run_from_bytes(std::string_view bytes) {
  if (!are_of_a_run(bytes) || !are_whole(bytes)) return std::nullopt;
  Reader reader{
      bytes.substr(sizeof(std::uint64_t), bytes.size() - sizeof(std::uint64_t) - sizeof(std::uint32_t))};
  Run run;
  reader.of(run);
  if (!reader.good || !reader.left.empty()) return std::nullopt;
  if (static_cast<unsigned>(run.status) > static_cast<unsigned>(Status::failed) ||
      static_cast<unsigned>(run.rate) > static_cast<unsigned>(RatePick::own) || !whole_images(run.filters))
    return std::nullopt;
  return run;
}

}  // namespace fanin::compare
