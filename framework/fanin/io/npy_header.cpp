#include <cstring>

#include <fanin/core/fail.hpp>
#include <fanin/io/npy_header.hpp>
#include <fanin/io/numpy_dtype.hpp>

namespace fanin::io {
namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t max_header_bytes = 65'535;

/// The header's Python literal: a dict of 'descr', 'fortran_order' and 'shape', and nothing else.
class HeaderScanner {
 public:
  HeaderScanner(std::string_view text, const std::string& path) : text_(text), path_(path) {}

  bool take(char c) {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) fail_here(fmt::format("'{}'", c));
  }
  std::string string() {
    const char quote = take('\'') ? '\'' : take('"') ? '"' : '\0';
    if (quote == '\0') fail_here("a quoted string");
    const std::size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos) fail_here("a closing quote");
    const std::string_view value = text_.substr(at_, end - at_);
    if (value.size() > 64 || value.find('\\') != std::string_view::npos)
      fail_here("a short string without escapes");
    at_ = end + 1;
    return std::string(value);
  }
  bool boolean() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    for (const bool value : {true, false}) {
      const std::string_view word = value ? "True" : "False";
      if (text_.substr(at_, word.size()) == word) {
        at_ += word.size();
        return value;
      }
    }
    fail_here("True or False");
  }
  Index count() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    const std::size_t start = at_;
    Index value = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      if (__builtin_mul_overflow(value, Index{10}, &value) ||
          __builtin_add_overflow(value, text_[at_] - '0', &value)) {
        fail_here("a size of at most 63 bits");
      }
    }
    if (at_ == start) fail_here("a size");
    take('L');  // Python 2 wrote its long integers so
    return value;
  }
  void end() {
    take('\n');
    if (at_ < text_.size()) fail_here("the end");
  }
  [[noreturn]] void fail_here(const std::string& expected) const {
    fail("{}: the npy header is not the expected literal dict at byte {}: expected {}", path_, at_, expected);
  }

 private:
  std::string_view text_;
  const std::string& path_;
  std::size_t at_ = 0;
};

NpyHeader parse_header(std::string_view text, const std::string& path) {
  NpyHeader header;
  bool has_descr = false, has_order = false, has_shape = false;
  HeaderScanner scan(text, path);
  const auto once = [&](bool& seen, const char* key) {
    if (seen) fail("{}: the npy header has the key '{}' twice", path, key);
    seen = true;
  };
  scan.expect('{');
  while (!scan.take('}')) {
    const std::string key = scan.string();
    scan.expect(':');
    if (key == "descr") {
      once(has_descr, "descr");
      // A structured dtype is a list of fields, which nothing here reads: neither what follows it.
      header.structured = scan.take('[');
      if (header.structured) return header;
      header.descr = scan.string();
    } else if (key == "fortran_order") {
      once(has_order, "fortran_order");
      header.fortran_order = scan.boolean();
    } else if (key == "shape") {
      once(has_shape, "shape");
      scan.expect('(');
      while (!scan.take(')')) {
        if (header.sizes.size() == max_file_rank)
          fail("{}: an array of more than {} dimensions", path, max_file_rank);
        header.sizes.push_back(scan.count());
        if (!scan.take(',')) {
          scan.expect(')');
          break;
        }
      }
    } else {
      fail("{}: the npy header has the unknown key '{}', expected descr, fortran_order and shape", path, key);
    }
    if (!scan.take(',')) {
      scan.expect('}');
      break;
    }
  }
  scan.end();
  for (const auto& [seen, key] :
       {std::pair{has_descr, "descr"}, {has_order, "fortran_order"}, {has_shape, "shape"}}) {
    if (!seen) fail("{}: the npy header has no '{}'", path, key);
  }
  return header;
}

}  // namespace

bool looks_like_npy(Bytes bytes) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

bool npy_of_objects(Bytes bytes, Bytes& pickle) {
  constexpr std::size_t before = 10;
  std::uint16_t length = 0;
  if (!looks_like_npy(bytes) || bytes.size() < before || bytes[6] != std::byte{1}) return false;
  std::memcpy(&length, bytes.data() + 8, sizeof length);
  if (length > bytes.size() - before) return false;
  const std::string_view header(reinterpret_cast<const char*>(bytes.data()) + before, length);
  pickle = bytes.subspan(before + length);
  return header.starts_with("{'descr': '|O'");
}

NpyHeader read_npy_header(Bytes bytes, const std::string& path) {
  if (!looks_like_npy(bytes)) fail("{}: not an npy file: it does not start with NumPy's magic", path);
  if (bytes.size() < 10) fail("{}: {} bytes are too few for an npy file", path, bytes.size());
  const int version = std::to_integer<int>(bytes[6]);
  if (version < 1 || version > 3)
    fail("{}: npy format version {} is unknown, expected 1 to 3", path, version);
  const std::size_t before = version == 1 ? 10 : 12;
  std::uint32_t length = 0;
  if (bytes.size() < before) fail("{}: {} bytes are too few for an npy file", path, bytes.size());
  std::memcpy(&length, bytes.data() + 8, before - 8);
  if (length > max_header_bytes) {
    fail("{}: the npy header has length {}, at most {} are allowed", path, length, max_header_bytes);
  }
  if (length > bytes.size() - before) {
    fail("{}: the npy header of {} bytes ends past the file, which has {}; it is truncated or corrupt", path,
         length, bytes.size());
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + before, length);
  NpyHeader header = parse_header(text, path);
  header.bytes = before + length;
  return header;
}

std::string why_not_readable(const NpyHeader& header) {
  if (header.structured)
    return "a structured NumPy dtype; only plain floats, integers and bool are supported";
  const std::size_t kind = header.descr.find_first_not_of("<>|=");
  if (kind != std::string::npos && header.descr[kind] == 'O') {
    return "an array of Python objects, which only a program that runs them can read; save plain numbers instead";
  }
  return fmt::format("the NumPy dtype '{}' is not supported (floats f2 to f8, integers and bool are)",
                     header.descr);
}

std::string npy_header(const StoredTensor& tensor, DType dtype) {
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", numpy_name(dtype),
                  fmt::join(tensor.sizes, ", "), tensor.sizes.size() == 1 ? "," : "");
  // The data starts at a multiple of 64 bytes, as NumPy has it.
  const std::size_t whole = (magic.size() + 4 + header.size() + 1 + 63) / 64 * 64;
  header.resize(whole - magic.size() - 4 - 1, ' ');
  header += '\n';
  const auto length = static_cast<std::uint16_t>(header.size());
  std::string out(magic);
  out += std::string("\x01\x00", 2);
  out.append(reinterpret_cast<const char*>(&length), sizeof length);
  return out + header;
}

}  // namespace fanin::io
