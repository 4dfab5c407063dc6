#include "datasets/idx.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>

#include <fanin/core/fail.hpp>
#include <fanin/core/memory.hpp>

#include "datasets/files.hpp"
#include "datasets/gunzip.hpp"

namespace fanin::datasets {
namespace {

// zlib's technical notes: a deflate stream cannot do better
constexpr std::uint64_t max_deflate_ratio = 1032;

std::string sizes_text(const std::vector<Index>& sizes) {
  std::string text;
  for (const Index size : sizes) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

/// The element types an IDX header may name; those that are whole numbers may be labels.
struct ElementType {
  std::uint8_t code;
  bool whole, is_signed;
  std::size_t bytes;
  const char* name;
};
constexpr ElementType element_types[] = {
    {0x08, true, false, 1, "unsigned bytes"}, {0x09, true, true, 1, "signed bytes"},
    {0x0b, true, true, 2, "16-bit integers"}, {0x0c, true, true, 4, "32-bit integers"},
    {0x0d, false, true, 4, "32-bit floats"},  {0x0e, false, true, 8, "64-bit floats"}};

const ElementType* element_type(std::uint8_t code) {
  const auto found = std::find_if(std::begin(element_types), std::end(element_types),
                                  [&](const ElementType& one) { return one.code == code; });
  return found == std::end(element_types) ? nullptr : found;
}

/// What a reader takes: images of bytes, or labels of any whole numbers in one column, or QMNIST's eight.
enum class Wanted : std::uint8_t { images, labels };

struct IdxHeader {
  ElementType type{};
  std::vector<Index> sizes;
  std::uint64_t bytes = 0;  ///< that follow
};

/// Reads what a header promises, through `read`, and holds it against what is wanted and what there may be.
template <class Read>
IdxHeader parse_header(const DataSource& source, Wanted wanted, const Read& read) {
  std::uint8_t h[4];
  if (const std::size_t got = read(std::span<std::uint8_t>(h)); got < 4)
    source.reject("{} bytes, too short for IDX data", got);
  const ElementType* type = h[0] == 0 && h[1] == 0 ? element_type(h[2]) : nullptr;
  const int rank = h[3];
  const bool fits = type && (wanted == Wanted::images ? rank == 3 && h[2] == 0x08
                                                      : (rank == 1 || rank == 2) && type->whole);
  if (type && !fits)
    source.reject("IDX of {} in {} dimension{}, expected {}", type->name, rank, rank == 1 ? "" : "s",
                  wanted == Wanted::images ? "images: unsigned bytes in 3" : "labels: whole numbers in 1");
  if (!fits)
    source.reject(
        "wrong magic number {:02x}{:02x}{:02x}{:02x}, expected 000008{:02x} (IDX of unsigned bytes, {})",
        h[0], h[1], h[2], h[3], wanted == Wanted::images ? 3 : 1,
        wanted == Wanted::images ? "3 dimensions: images" : "1 dimension: labels");
  IdxHeader header{.type = *type, .sizes = {}, .bytes = type->bytes};
  for (int d = 0; d < rank; ++d) {
    std::uint8_t s[4];
    if (const std::size_t got = read(std::span<std::uint8_t>(s)); got < 4)
      source.reject("truncated: {} bytes, the header alone has {}", 4 + 4 * static_cast<std::size_t>(d) + got,
                    4 + 4 * rank);
    const std::uint64_t size = std::uint64_t{s[0]} << 24 | std::uint64_t{s[1]} << 16 |
                               std::uint64_t{s[2]} << 8 | std::uint64_t{s[3]};
    header.sizes.push_back(static_cast<Index>(size));
    // Sizes stay below 2^32 and the product at most 2^32 until it is refused: no overflow.
    header.bytes = header.bytes > max_data_bytes ? header.bytes : header.bytes * size;
  }
  if (std::find(header.sizes.begin(), header.sizes.end(), 0) != header.sizes.end())
    source.reject("empty: its header promises {} bytes", sizes_text(header.sizes));
  if (header.bytes > max_data_bytes)
    source.reject("its header promises {}{} bytes, more than the {} that are read", sizes_text(header.sizes),
                  header.type.bytes == 1 ? "" : fmt::format(" times {}", header.type.bytes), max_data_bytes);
  if (wanted == Wanted::labels &&
      static_cast<std::uint64_t>(header.sizes[0]) > max_data_bytes / sizeof(std::int32_t))
    source.reject("its header promises {} labels, more than the {} that are read", header.sizes[0],
                  max_data_bytes / sizeof(std::int32_t));
  if (wanted == Wanted::labels && rank == 2 && header.sizes[1] != 1 && header.sizes[1] != 8)
    source.reject("{} columns of labels, expected one, or QMNIST's 8", header.sizes[1]);
  return header;
}

/// Beyond what a file holds, reading it may take so much.
constexpr std::uint64_t spare_memory = std::uint64_t{64} << 20;

/// An IDX file, plain or packed: the header once it is open, then the elements as they are asked for. A small
/// packed file is held as a whole, so that its images can be inflated at once, which is fast; a large one is
/// read piece by piece, so that it and what it becomes are never both in memory.
class IdxFile {
 public:
  IdxFile(const std::string& path, Wanted wanted, const std::string& how_to_get)
      : source_{path, advice(how_to_get)} {
    constexpr std::uint64_t small = std::uint64_t{32} << 20;
    const std::uint64_t size = data_file_size(path, "IDX data", how_to_get);
    std::uint8_t begin[2];
    const bool packed = is_gzip(std::span(begin).first(DataInput(source_, size).read(begin)));
    if (packed && size <= small) {
      content_ = read_data_file(path, "IDX data", how_to_get);
      input_.emplace(content_);
    } else {
      input_.emplace(source_, size);
    }
    open(wanted, packed);
  }
  IdxFile(std::vector<std::uint8_t> content, Wanted wanted, const std::string& path,
          const std::string& how_to_get)
      : source_{path, advice(how_to_get)}, content_(std::move(content)) {
    input_.emplace(content_);
    open(wanted, is_gzip(content_));
  }
  IdxFile(const IdxFile&) = delete;
  IdxFile& operator=(const IdxFile&) = delete;

  const IdxHeader& header() const { return header_; }

  /// Hands all elements to `take`, a piece at a time of whole rows of `row` bytes; Error unless the data end
  /// with them.
  template <class Take>
  void for_pieces(std::size_t row, const Take& take) {
    constexpr std::size_t piece = std::size_t{1} << 20;
    std::vector<std::uint8_t> buffer;
    for (std::uint64_t done = 0; done < header_.bytes; done += buffer.size()) {
      buffer.resize(
          std::min<std::uint64_t>(header_.bytes - done, std::max<std::size_t>(piece / row, 1) * row));
      read_next(buffer, done);
      take(std::span<const std::uint8_t>(buffer));
    }
    if (gunzip_) gunzip_->finish();
  }

  /// All bytes. What the header promises is taken on its word only where that costs little; else memory is
  /// touched as the data arrive.
  std::vector<std::uint8_t> bytes() {
    std::vector<std::uint8_t> all;
    const std::uint64_t total = header_.bytes;
    if (gunzip_ && !content_.empty() && total <= content_.size() + spare_memory) {
      all = large_vector(header_size_ + total);
      if (gunzip_whole(content_, all)) {
        all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(header_size_));
        return all;
      }
      all.clear();
    }
    all.reserve(total);
    prefer_huge_pages(all.data(), total);
    for_pieces(
        1, [&](std::span<const std::uint8_t> piece) { all.insert(all.end(), piece.begin(), piece.end()); });
    return all;
  }

 private:
  void open(Wanted wanted, bool packed) {
    if (packed) gunzip_.emplace(source_, *input_);
    header_ = parse_header(source_, wanted, [&](std::span<std::uint8_t> out) {
      const std::size_t got = read_some(out);
      header_size_ += got;
      return got;
    });
    const std::uint64_t total = header_.bytes;
    if (packed && total / max_deflate_ratio > input_->size())
      source_.reject("truncated: the header promises {} = {} bytes, {} bytes of gzip data cannot hold them",
                     sizes_text(header_.sizes), total, input_->size());
    if (packed) return;
    const std::uint64_t there = input_->size() - header_size_;
    if (there < total) reject_truncated(there);
    if (there > total)
      source_.reject("{} trailing bytes after the {} = {} the header promises", there - total,
                     sizes_text(header_.sizes), total);
  }
  std::size_t read_some(std::span<std::uint8_t> out) {
    return gunzip_ ? gunzip_->read(out) : input_->read(out);
  }
  void read_next(std::span<std::uint8_t> out, std::uint64_t done) {
    if (const std::size_t got = read_some(out); got < out.size()) reject_truncated(done + got);
  }
  [[noreturn]] void reject_truncated(std::uint64_t there) const {
    source_.reject("truncated: the header promises {} = {} bytes, there are {}", sizes_text(header_.sizes),
                   header_.bytes, there);
  }

  const DataSource source_;
  std::vector<std::uint8_t> content_ = {};
  std::optional<DataInput> input_ = {};
  std::optional<Gunzip> gunzip_ = {};
  IdxHeader header_ = {};
  std::size_t header_size_ = 0;
};

IdxArray array_of(IdxFile& file) { return {file.header().sizes, file.bytes()}; }

/// The first column as numbers: no element type that is read has more than 32 bits.
std::vector<std::int32_t> numbers_of(IdxFile& file) {
  const ElementType type = file.header().type;
  const std::size_t row =
      type.bytes * (file.header().sizes.size() == 2 ? static_cast<std::size_t>(file.header().sizes[1]) : 1);
  std::vector<std::int32_t> numbers;
  numbers.reserve(static_cast<std::size_t>(file.header().sizes[0]));
  file.for_pieces(row, [&](std::span<const std::uint8_t> rows) {
    for (; !rows.empty(); rows = rows.subspan(row)) {
      std::uint32_t value = type.is_signed && (rows[0] & 0x80) != 0 ? ~std::uint32_t{0} : 0;
      for (std::size_t b = 0; b < type.bytes; ++b) value = value << 8 | rows[b];
      numbers.push_back(static_cast<std::int32_t>(value));
    }
  });
  return numbers;
}

}  // namespace

IdxArray parse_idx(std::vector<std::uint8_t> content, int rank, const std::string& path,
                   const std::string& how_to_get) {
  IdxFile file(std::move(content), rank == 3 ? Wanted::images : Wanted::labels, path, how_to_get);
  return array_of(file);
}

IdxArray read_idx(const std::string& path, int rank, const std::string& how_to_get) {
  IdxFile file(path, rank == 3 ? Wanted::images : Wanted::labels, how_to_get);
  return array_of(file);
}

data::Dataset read_idx_dataset(const std::string& images_path, const std::string& labels_path, int classes,
                               const std::string& how_to_get) {
  IdxFile labels_file(labels_path, Wanted::labels, how_to_get),
      images_file(images_path, Wanted::images, how_to_get);
  const std::vector<Index>& sizes = images_file.header().sizes;
  // Before either is read: a small packed file may hold thousands of millions of labels.
  if (const Index count = labels_file.header().sizes[0]; count != sizes[0])
    fail("{}: {} labels for the {} images of {}{}", labels_path, count, sizes[0], images_path,
         advice(how_to_get));
  std::vector<std::int32_t> labels = numbers_of(labels_file);
  const auto [smallest, largest] = std::minmax_element(labels.begin(), labels.end());
  const std::int32_t most = classes > 0 ? classes - 1 : most_idx_classes - 1;
  if (*smallest < 0 || *largest > most) {
    const auto odd = *smallest < 0 ? smallest : largest;
    const bool from_one = classes > 0 && *smallest == 1 && *largest == classes;
    fail(
        "{}: label {} at position {} is out of range, expected 0..{}{}{}", labels_path, *odd,
        odd - labels.begin(), most,
        from_one
            ? fmt::format(
                  "; the labels run from 1 to {}: leave classes={} out and say only=1..{}, which renumbers them from 0",
                  classes, classes, classes)
            : "",
        advice(how_to_get));
  }
  return {.name = images_path,
          .count = sizes[0],
          .channels = 1,
          .height = sizes[1],
          .width = sizes[2],
          .classes = classes > 0 ? classes : static_cast<int>(*largest + 1),
          .images = images_file.bytes(),
          .labels = std::move(labels)};
}

}  // namespace fanin::datasets
